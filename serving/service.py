"""The BentoML service: its routes, and what a worker does when it starts and stops. All that knows BentoML is here."""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import anyio.to_thread
import bentoml
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from serving.answers import Answers
from serving.api import api
from serving.errors import Refusal
from serving.event_payloads import EventsRequest, EventsTaken
from serving.ingest import Ingest
from serving.middleware import guarded, refused
from serving.openapi import Document, document
from serving.payloads import BatchPrediction, PredictBatchRequest, Prediction, PredictRequest
from serving.published import PublishedRows
from serving.releases import Champion
from serving.settings import Settings
from serving.store import Store
from serving.watch import Watch

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class GuardedService(bentoml.Service):  # type: ignore[misc]  # mypy does not follow bentoml, see pyproject.toml
    """A BentoML service whose guards come before all else, so that BentoML's own errors have our shape too."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """Return the ASGI application that a worker serves."""
        return guarded(super().to_asgi(is_main), Settings())

    @property
    def openapi_spec(self) -> Document:
        """The document that /docs.json shows, in place of BentoML's."""
        return document()


def refusing(endpoint: Callable[[Any, Request], Awaitable[Answer]]) -> Callable[[Any, Request], Awaitable[Answer]]:
    """Return the endpoint with its refusals as HTTP responses; the signature, which BentoML reads, stays."""

    @functools.wraps(endpoint)
    async def answer(service: Any, request: Request, /) -> Answer:
        try:
            return await endpoint(service, request)
        except Refusal as refusal:
            return cast(Answer, refused(refusal))

    return answer


@bentoml.asgi_app(api(lambda: cast(Answers, bentoml.get_current_service().answers)), path="/api")
@bentoml.service(
    name="perennial",
    service_class=GuardedService,
    tracing={"excluded_urls": ".*"},  # tracing every request costs more than answering it
    traffic={"timeout": 30},
    logging={"access": {"enabled": False}},  # the guards log: they know the request id, and the status that goes out
)
class Perennial:
    """Which customers a company is about to lose: predicted probability of churn, tier, segments, and reasons."""

    def __init__(self) -> None:
        settings = Settings()
        _prepare_logs()
        self.champion = Champion(settings.releases)
        store = Store(settings.store)
        self.published = PublishedRows(settings.rows, store)
        self.ingest = Ingest(store)
        self.answers = Answers(self.champion, self.published)
        # two threads: loading a million rows must not keep a new release waiting
        looks = (self.champion.refresh, self.published.refresh)
        self.watches = [Watch(look, settings.poll_seconds) for look in looks]

    @bentoml.on_startup
    def start(self) -> None:
        """Take up the champion, then follow its pointer and the published rows."""
        importlib.import_module("lightgbm")  # takes a second, which a first promotion under load should not
        self.champion.refresh()
        for watch in self.watches:
            watch.start()

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Look no more."""
        for watch in self.watches:
            watch.stop()

    async def __is_ready__(self) -> bool:
        """Let /readyz say 503, and why, until predictions can be made."""
        if why := self.answers.not_ready():
            raise HTTPException(503, detail=why)
        return True

    @bentoml.api(route="/predict")
    @refusing
    async def predict(self, request: PredictRequest, /) -> Prediction:
        """Predict churn for one account: probability, tier, segments and the reasons for the prediction."""
        return self.answers.one(request)

    @bentoml.api(route="/predict_batch")
    @refusing
    async def predict_batch(self, request: PredictBatchRequest, /) -> BatchPrediction:
        """Predict churn for up to a thousand accounts, in order; an account that fails does not fail the others."""
        return await anyio.to_thread.run_sync(self.answers.batch, request)

    @bentoml.api(route="/events")
    @refusing
    async def events(self, request: EventsRequest, /) -> EventsTaken:
        """Take rows of one table; what is accepted is on disk, and the accounts' predictions follow within a second."""
        return await anyio.to_thread.run_sync(self.ingest.take, request)


def _prepare_logs() -> None:
    logging.getLogger("perennial").setLevel(logging.INFO)
    logging.getLogger("bentoml._internal.server.http_app").addFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    """A caller's invalid request is no error of ours, and what it held has no place in our log."""
    return not (record.exc_info and isinstance(record.exc_info[1], ValidationError))
