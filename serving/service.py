"""The BentoML service: its routes, and what a worker does when it starts and stops. All that knows BentoML is here."""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import anyio.to_thread
import bentoml
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from features.errors import ConfigError
from serving.action_payloads import InterventionsRequest
from serving.actions import KeptActions
from serving.answers import Answers
from serving.api import api
from serving.backlog import Waiting
from serving.dashboard.app import as_page, dashboard
from serving.direct import Direct
from serving.errors import Refusal
from serving.event_payloads import EventsRequest, EventsTaken
from serving.ingest import Ingest
from serving.kept_keys import KeptKeys
from serving.keyring import Keyring
from serving.logs import prepare_logs
from serving.loopback import check_unlocked, listening_hosts
from serving.metrics import Metrics
from serving.middleware import guarded, refused
from serving.openapi import Document, document
from serving.payloads import BatchPrediction, PredictBatchRequest, Prediction, PredictRequest
from serving.processor import answer_alone, import_lightgbm
from serving.published import PublishedRows
from serving.releases import Champion
from serving.settings import Settings
from serving.store import Store
from serving.watch import Watch

Request = TypeVar("Request")
Answer = TypeVar("Answer")

HIDDEN = ("index", "static_content", "assets", "schema")
"""Pages and files of BentoML's own that nobody asks for: what is not there cannot be got wrong."""


class GuardedService(bentoml.Service):  # type: ignore[misc]  # mypy does not follow bentoml, see pyproject.toml
    """A BentoML service whose guards come before all else, so that BentoML's own errors have our shape too."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """Return the ASGI application that a worker serves."""
        settings = Settings()
        app = super().to_asgi(is_main)
        app.router.routes = [route for route in app.router.routes if route.name not in HIDDEN]
        keyring = None if _is_unlocked(settings) else lambda: _running().keyring
        told, counted = lambda line: _running().metrics.request(line), lambda n: _running().metrics.in_flight.set(n)
        return guarded(Direct(app, _running), settings, keyring, [told], counted, as_page)

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


@bentoml.asgi_app(dashboard(lambda: _running().answers, lambda: _running().open_keyring), path="/dashboard")
@bentoml.asgi_app(api(lambda: cast(Answers, bentoml.get_current_service().answers)), path="/api")
@bentoml.service(
    name="perennial",
    service_class=GuardedService,
    tracing={"excluded_urls": ".*"},  # tracing every request costs more than answering it
    traffic={"timeout": 30},
    metrics={"enabled": False},  # BentoML's are by path, of which callers can make any number; ours are by route
    logging={"access": {"enabled": False}},  # the guards log: they know the request id, and the status that goes out
)
class Perennial:
    """Which customers a company is about to lose: predicted probability of churn, tier, segments, and reasons."""

    def __init__(self) -> None:
        settings = Settings()
        prepare_logs()
        self.metrics = Metrics()
        self.champion = Champion(settings.releases, self.metrics.happened)
        store = Store(settings.store_url)
        self.published = PublishedRows(settings.rows, store)
        self.ingest = Ingest(store)
        suggested = KeptActions(settings.rows.parent / "actions")
        self.answers = Answers(self.champion, self.published, suggested)
        self.keyring = Keyring(KeptKeys(store))
        self.open_keyring = None if settings.auth == "off" else self.keyring
        self.waiting = Waiting(store)
        # threads of their own: loading a million rows must not keep a new release waiting, nor a key revoked
        looks = (self.champion.refresh, self.published.refresh, self.keyring.refresh, self.waiting.refresh)
        self.watches = [Watch(look, settings.poll_seconds) for look in looks]

    @bentoml.on_startup
    def start(self) -> None:
        """Take up the champion, then follow its pointer and the published rows."""
        import_lightgbm()  # takes a second, which a first promotion under load should not
        self.champion.refresh()
        answer_alone()
        self.keyring.refresh()
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

    @bentoml.api(route="/interventions")
    @refusing
    async def interventions(self, request: InterventionsRequest, /) -> EventsTaken:
        """Take what was decided and done for accounts: what is learnt of actions, and who was left alone to compare."""
        rows = EventsRequest(table="interventions", rows=request.rows)
        return await anyio.to_thread.run_sync(self.ingest.take, rows)


def _running() -> Perennial:
    return cast(Perennial, bentoml.get_current_service())


def _is_unlocked(settings: Settings) -> bool:
    """Whether no keys are asked for; a worker that others could reach then ends, in words, before it answers any."""
    if settings.auth == "keys":
        return False
    try:
        check_unlocked(listening_hosts())
    except ConfigError as problem:
        sys.exit(f"error: {problem}")
    return True
