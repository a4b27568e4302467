"""What every request passes before BentoML and every reply after it: a request id, body limits, one shape of errors."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable, Sequence

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.audit import LINE, Line
from serving.door import Door, Room
from serving.error_bodies import in_one_shape
from serving.errors import Refusal
from serving.headers import header_of
from serving.keyring import Keyring
from serving.limits import to_nobody
from serving.payloads import ErrorBody
from serving.routes import rule_of
from serving.settings import Settings

REQUEST_ID = b"x-request-id"
LONGEST_LENGTH = 15
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
"""On every reply that does not say otherwise itself: it is data, to be shown in no page and kept in no cache."""
_SECURED = {name for name, _ in SECURITY}

Told = Callable[[Line], None]
AsPage = Callable[[Scope, Refusal], Response]
"""Makes of a refusal what people read."""


def guarded(
    app: ASGIApp,
    settings: Settings,
    keyring: Callable[[], Keyring] | None = None,
    told: Sequence[Told] = (),
    counted: Callable[[int], object] = to_nobody,
    as_page: AsPage | None = None,
) -> ASGIApp:
    """Return the app behind its guards; without a keyring no keys are asked for.

    `told` hear of each request's end, `counted` how many are being answered whenever that changes; `as_page` answers
    where people look.
    """
    inner = BodyGuard(Room(app, settings, counted), settings)
    return OneShape(Door(inner, settings, keyring), (Line.write, *told), as_page)


def refused(refusal: Refusal) -> JSONResponse:
    """Return a refusal as an HTTP response."""
    return JSONResponse(ErrorBody(error=refusal.error).model_dump(), refusal.status, dict(refusal.headers))


class OneShape:
    """Gives every reply its request id, every error the same body, whoever wrote it, and tells how requests ended."""

    def __init__(self, app: ASGIApp, told: Sequence[Told], as_page: AsPage | None = None) -> None:
        self.app = app
        self.told = told
        self.as_page = as_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, and its reply in our shape."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        came = header_of(scope, REQUEST_ID)
        request_id = came if _ID.fullmatch(came) else uuid.uuid4().hex
        line = scope[LINE] = Line(request_id, scope["method"], rule_of(scope["path"]))
        reply = _Reply(send, line)
        try:
            await self._answered(scope, receive, reply)
        finally:
            line.seconds = time.perf_counter() - line.began
            for told in self.told:
                told(line)

    async def _answered(self, scope: Scope, receive: Receive, reply: _Reply) -> None:
        try:
            await self.app(scope, receive, reply)
        except Refusal as refusal:
            if reply.is_begun:  # too late to say so: what goes out is cut off, which the caller notices
                raise
            is_read = self.as_page is not None and scope[LINE].rule.is_page
            said = self.as_page(scope, refusal) if self.as_page and is_read else refused(refusal)
            await said(scope, receive, reply)


class _Reply:
    """Sends a good reply as it comes; holds a bad one back until it is whole, to write its body anew."""

    def __init__(self, send: Send, line: Line) -> None:
        self.send = send
        self.line = line
        self.is_begun = False
        self.start: Message | None = None
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.line.status = message["status"]
            if message["status"] >= 400 and not self._is_page(message):
                self.start = message
                return
            self.is_begun = True
            message["headers"] = self._with_ours(message.get("headers", ()))
        elif self.start is not None:
            await self._hold(message, self.start)
            return
        await self.send(message)

    def _is_page(self, message: Message) -> bool:
        return self.line.rule.is_page and any(b"text/html" in value for _, value in message.get("headers", ()))

    def _with_ours(self, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers with the request id and what keeps callers safe; who serves is nobody's business."""
        kept = [(name, value) for name, value in headers if name.lower() != b"server"]
        own = {name.lower() for name, _ in kept} & _SECURED
        kept += [header for header in SECURITY if header[0] not in own] if own else SECURITY
        kept.append((REQUEST_ID, self.line.request_id.encode()))
        return kept

    async def _hold(self, message: Message, start: Message) -> None:
        self.body += message.get("body", b"")
        if message.get("more_body", False):
            return
        self.line.status, body = in_one_shape(start["status"], self.body)
        start["headers"] = self._with_ours(start.get("headers", ()))
        headers = MutableHeaders(scope=start)
        headers["Content-Type"], headers["Content-Length"] = "application/json", str(len(body))
        self.is_begun = True
        await self.send({**start, "status": self.line.status})
        await self.send({"type": "http.response.body", "body": body})


class BodyGuard:
    """Reads a request's body within limits of size and time, and refuses what is not JSON."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.limit = settings.body_limit_bytes
        self.seconds = settings.body_timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request whose body has arrived whole.

        Raises
        ------
        Refusal
            When it is not JSON, too large, or too slow.
        """
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        self._check(scope, FORM if scope[LINE].rule.is_page else JSON)
        body = await self._read(receive)
        await self.app(scope, _Once(body, receive), send)

    def _check(self, scope: Scope, expected: str) -> None:
        kind = header_of(scope, b"content-type", expected).split(";")[0].strip().lower()
        if kind != expected:
            what = "JSON" if expected == JSON else "a form"
            do = f"send {what} with the header Content-Type: {expected}"
            raise Refusal("unsupported_media_type", f"got a body of type {kind[:80]}; expected {what}; {do}")
        length = header_of(scope, b"content-length", "0")
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
