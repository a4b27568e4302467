"""The routes that are asked most, answered before BentoML's own way in, which costs more than a prediction does.

BentoML declares them, documents them and runs the workers; what it would answer is the same, and a test says so.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import anyio.to_thread
from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.audit import LINE, Line
from serving.error_bodies import MESSAGES, refusal_of
from serving.errors import Refusal
from serving.openapi import document_of
from serving.payloads import PredictBatchRequest, PredictRequest
from serving.readiness import readiness
from serving.routes import PAGES

if TYPE_CHECKING:
    from serving.answers import Given
    from serving.service import Perennial


class Reply(NamedTuple):
    """What goes out, and of which type it is."""

    body: bytes
    kind: bytes = b"application/json"


Endpoint = Callable[["Perennial", Line, bytes], Awaitable[Reply]]

EMPTY = b"{}"
log = logging.getLogger("perennial.serving")


class Direct:
    """Answers some routes itself and passes on all others.

    Parameters
    ----------
    service
        asked for at each request: it is there once the worker has started.
    """

    def __init__(self, app: ASGIApp, service: Callable[[], Perennial]) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on.

        Raises
        ------
        Refusal
            When there is no answer.
        """
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        service = self.service()
        scope[LINE].release = service.answers.version
        endpoint = ENDPOINTS.get((scope["method"], scope["path"]))
        if endpoint is None:
            await self._passed_on(scope, receive, send)
            return
        body = (await receive())["body"] if scope["method"] == "POST" else b""  # whole, by the guards
        reply = await _answered(endpoint, service, scope[LINE], body)
        headers = [(b"content-type", reply.kind), (b"content-length", str(len(reply.body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _passed_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if allowed := OURS_ALONE.get(scope["path"]):
            raise Refusal("method_not_allowed", MESSAGES["method_not_allowed"], headers={"Allow": allowed})
        # The pages are mounted, and what is mounted answers below its address only.
        await self.app({**scope, "path": f"{PAGES}/"} if scope["path"] == PAGES else scope, receive, send)


async def _answered(endpoint: Endpoint, service: Perennial, line: Line, body: bytes) -> Reply:
    try:
        return await endpoint(service, line, body)
    except Refusal:
        raise
    except ValidationError as problem:
        raise refusal_of(problem) from None
    except Exception:
        log.exception("no answer to %s", line.request_id)
        raise Refusal("internal_error", MESSAGES["internal_error"]) from None


async def _predict(service: Perennial, line: Line, body: bytes) -> Reply:
    asked = PredictRequest.model_validate_json(body or EMPTY)
    return _sent(service.answers.one_given(asked), service, line)


async def _predict_batch(service: Perennial, line: Line, body: bytes) -> Reply:
    asked = PredictBatchRequest.model_validate_json(body or EMPTY)
    # its thread may be left alone with an answer that nobody waits for any more
    given = await anyio.to_thread.run_sync(service.answers.batch_given, asked, abandon_on_cancel=True)
    return _sent(given, service, line)


async def _ready(service: Perennial, _: Line, __: bytes) -> Reply:
    found = readiness(service.champion, service.answers.not_ready(), service.waiting.backlog)
    return Reply(found.model_dump_json().encode())


async def _metrics(service: Perennial, _: Line, __: bytes) -> Reply:
    predictor = service.champion.predictor
    manifest = None if predictor is None else predictor.release.manifest
    service.metrics.look(manifest, service.champion.refused, service.waiting.backlog)
    text, kind = await anyio.to_thread.run_sync(service.metrics.text), service.metrics.content_type
    return Reply(text.encode(), kind.encode())


async def _document(service: Perennial, _: Line, __: bytes) -> Reply:
    predictor = service.champion.predictor
    found = document_of(None if predictor is None else predictor.vocabulary)
    return Reply(json.dumps(found.asdict(), ensure_ascii=False).encode())


def _sent(given: Given, service: Perennial, line: Line) -> Reply:
    line.release = given.release
    service.metrics.predicted(given.tiers)
    return Reply(given.body)


ENDPOINTS: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "/predict"): _predict,
    ("POST", "/predict_batch"): _predict_batch,
    ("GET", "/readyz"): _ready,
    ("GET", "/docs.json"): _document,
    ("GET", "/metrics"): _metrics,
    ("HEAD", "/metrics"): _metrics,
}
OURS_ALONE = {"/metrics": "GET, HEAD"}
"""Of what BentoML knows nothing, the methods it takes."""
