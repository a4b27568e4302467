"""What every request passes before BentoML and every reply after it: a request id, body limits, one shape of errors."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.error_bodies import in_one_shape
from serving.errors import Refusal
from serving.payloads import ErrorBody
from serving.settings import Settings

REQUEST_ID = "X-Request-Id"
LONGEST_LENGTH = 15
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

access = logging.getLogger("perennial.access")


def guarded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return the app behind its guards. Who may ask is to be checked between the two: before a body is read."""
    return OneShape(BodyGuard(app, settings))


def refused(refusal: Refusal) -> JSONResponse:
    """Return a refusal as an HTTP response."""
    return JSONResponse(ErrorBody(error=refusal.error).model_dump(), status_code=refusal.status)


class OneShape:
    """Gives every reply its request id, every error the same body, whoever wrote it, and every request a log line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, and its reply in our shape."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        came = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = came if _ID.fullmatch(came) else uuid.uuid4().hex
        reply, began = _Reply(send, request_id), time.perf_counter()
        try:
            await self.app(scope, receive, reply)
        finally:
            took_ms = (time.perf_counter() - began) * 1000
            path = quote(scope["path"])  # a line break in it would forge a line of the log
            access.info("%s %s %s %s %.1f ms", request_id, scope["method"], path, reply.status, took_ms)


class _Reply:
    """Sends a good reply as it comes; holds a bad one back until it is whole, to write its body anew."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.send = send
        self.request_id = request_id
        self.status = 0
        self.start: Message | None = None
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)[REQUEST_ID] = self.request_id
            self.status = message["status"]
            if message["status"] >= 400:
                self.start = message
                return
        elif self.start is not None:
            await self._hold(message, self.start)
            return
        await self.send(message)

    async def _hold(self, message: Message, start: Message) -> None:
        self.body += message.get("body", b"")
        if message.get("more_body", False):
            return
        self.status, body = in_one_shape(start["status"], self.body)
        headers = MutableHeaders(scope=start)
        headers["Content-Type"], headers["Content-Length"] = "application/json", str(len(body))
        await self.send({**start, "status": self.status})
        await self.send({"type": "http.response.body", "body": body})


class BodyGuard:
    """Reads a request's body within limits of size and time, and refuses what is not JSON."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.limit = settings.body_limit_bytes
        self.seconds = settings.body_timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request whose body has arrived whole."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        try:
            self._check(Headers(scope=scope))
            body = await self._read(receive)
        except Refusal as refusal:
            await refused(refusal)(scope, receive, send)
            return
        await self.app(scope, _Once(body, receive), send)

    def _check(self, headers: Headers) -> None:
        kind = headers.get("Content-Type", "application/json").split(";")[0].strip().lower()
        if kind != "application/json":
            do = "send JSON with the header Content-Type: application/json"
            raise Refusal("unsupported_media_type", f"got a body of type {kind[:80]}; expected JSON; {do}")
        length = headers.get("Content-Length", "0")
        if length.isdecimal() and (len(length) > LONGEST_LENGTH or int(length) > self.limit):
            raise self._too_large(f"{length[:LONGEST_LENGTH]} bytes")

    async def _read(self, receive: Receive) -> bytes:
        body, more = bytearray(), True
        try:
            async with asyncio.timeout(self.seconds):
                while more and len(body) <= self.limit:
                    message = await receive()
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
        except TimeoutError:
            came = f"got a body that did not arrive within {self.seconds:g} seconds"
            raise Refusal("body_timeout", f"{came}; expected a steady one; send it again") from None
        if len(body) > self.limit:
            raise self._too_large(f"more than {self.limit} bytes")
        return bytes(body)

    def _too_large(self, came: str) -> Refusal:
        return Refusal("body_too_large", f"got {came}; expected {self.limit} bytes at most; send smaller batches")


class _Once:
    """Hands over a body that was read before, then waits for what else comes: the caller going away."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self.body: bytes | None = body
        self.receive = receive

    async def __call__(self) -> Message:
        if self.body is None:
            return await self.receive()
        body, self.body = self.body, None
        return {"type": "http.request", "body": body, "more_body": False}
