"""The feature worker: one process a host that computes features and scores anew where events came or time passed.

It is a process of its own, beside those that answer requests, because the compiled walk has no place in these.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, delete
from sqlalchemy.exc import SQLAlchemyError

from features.errors import ReleaseError
from features.labels import ChurnDefinition
from serving import accounts
from serving.about import About
from serving.accounts import REFRESH_SECONDS, Claim
from serving.alerts import alert_watch
from serving.delivery import delivery_watch
from serving.fillings import current_churn
from serving.histories import Histories, around
from serving.live_scores import Computed, LiveScores
from serving.predictor import Predictor
from serving.releases import Champion
from serving.scores import Score, drop_scores, scores_of, write_scores
from serving.settings import Settings
from serving.store import Store, write_rows
from serving.store_tables import FEATURE_ROWS
from serving.webhook_settings import WebhookSettings
from serving.webhooks import announcing

MOST_AT_ONCE = 64
MOST_STALE_AT_ONCE = 16
"""Few, so that an event that comes meanwhile does not wait for them."""
IDLE_SECONDS = 0.02
GATHERS_SECONDS = 0.15
"""From one step to the next: most of what a step costs, it costs once, however many accounts it is about."""
REST_SECONDS = 300.0
"""So long an account rests whose features could not be computed."""

Announce = Callable[[Connection, Score | None, Score], object]

log = logging.getLogger("perennial.serving")


def announce_nothing(connection: Connection, before: Score | None, after: Score) -> None:
    """Tell nobody that the tier of an account has changed."""


class FeatureWorker:
    """Computes what is due, a few accounts at a time.

    Attributes
    ----------
    store, champion
        Where accounts are, and what scores them.
    announce
        Called with the former and the new score, in the transaction that writes it, where the tier has changed.
    clock
        Seconds since 1970.
    as_of
        The instant that rows are computed at (naive: UTC); None: that of the clock.
    """

    def __init__(
        self,
        store: Store,
        champion: Champion,
        announce: Announce = announce_nothing,
        clock: Callable[[], float] = time.time,
        as_of: datetime | None = None,
    ) -> None:
        self.store, self.champion, self.announce, self.clock, self.as_of = store, champion, announce, clock, as_of
        self.histories = Histories()
        self._live: LiveScores | None = None
        self._refused: Predictor | None = None

    def refresh(self) -> None:
        """Follow the champion; where it is another, accounts that were scored by others are due in their turn."""
        self.champion.refresh()
        predictor = self.champion.predictor
        if predictor is None or (self._live and self._live.predictor is predictor):
            return
        if live := self._scoring():
            live.warm(self._instant())
            while self._outdate(predictor.version):
                pass

    def step(self, due_by: float | None = None) -> int:
        """Compute some accounts that are due, by now or by another time (seconds since 1970); return how many."""
        now = self.clock() if due_by is None else due_by
        live = self._scoring()
        if live is None:
            return 0
        with self.store.engine.connect() as connection:
            if not accounts.is_any_due(connection, now):
                return 0
        with self.store.writing() as connection:
            claims = accounts.claim(connection, now, MOST_AT_ONCE, MOST_STALE_AT_ONCE)
        if claims:  # another worker may have been first
            self._compute(live, claims)
        return len(claims)

    def _scoring(self) -> LiveScores | None:
        """What scores by the champion and the latest word on what churn is; None while either is lacking."""
        predictor = self.champion.predictor
        if predictor is None:
            return None
        with self.store.engine.connect() as connection:
            churn = current_churn(connection)
        if churn is None:
            return None
        if self._live is None or self._live.predictor is not predictor or self._live.churn != churn:
            self._live = self._scoring_by(predictor, churn)
        return self._live

    def _scoring_by(self, predictor: Predictor, churn: ChurnDefinition) -> LiveScores | None:
        if predictor is self._refused:
            return None
        try:
            return LiveScores(predictor, churn)
        except ReleaseError as problem:
            log.error("rows and scores stay as they are: %s", problem)
            self._refused = predictor
            return None

    def _outdate(self, version: str) -> int:
        with self.store.writing() as connection:
            return accounts.outdate(connection, version, self.clock(), 1_000)

    def _instant(self) -> datetime:
        return self.as_of or datetime.fromtimestamp(self.clock(), UTC).replace(tzinfo=None)

    def _compute(self, live: LiveScores, claims: Sequence[Claim]) -> None:
        """Compute accounts together; where that fails, each by itself, and those that fail again rest."""
        try:
            self._compute_together(live, claims)
        except SQLAlchemyError:
            raise
        except Exception:
            if len(claims) > 1:
                for claim in claims:
                    self._compute(live, [claim])
                return
            log.exception("the features of account %s cannot be computed", claims[0].account_id)
            with self.store.writing() as connection:
                accounts.postpone(connection, claims, self.clock() + REST_SECONDS)

    def _compute_together(self, live: LiveScores, claims: Sequence[Claim]) -> None:
        account_ids = [claim.account_id for claim in claims]
        with self.store.snapshot() as connection:
            found = self.histories.of(connection, account_ids)
            beside = around(connection, claims)
        held = self.store.rows(account_ids) if live.held else {}
        seen = [claim for claim in claims if claim.account_id in found]
        events = [found[c.account_id].events.beside(c.parent_account_id, beside[c.account_id]) for c in seen]
        computed = live.of(events, self._instant(), self.clock(), held)
        with self.store.writing() as connection:
            self._write(connection, seen, computed, {name: history.about for name, history in found.items()})

    def _write(
        self, connection: Connection, claims: Sequence[Claim], computed: Computed, about: Mapping[str, About]
    ) -> None:
        """Write what is still this worker's to write."""
        own = accounts.still_held(connection, claims)
        scores = [score for score in computed.scores if score.account_id in own]
        before = scores_of(connection, [score.account_id for score in scores])
        write_rows(connection, [row for row in computed.rows if row.account_id in own])
        write_scores(connection, scores, about)
        gone = sorted(own - {score.account_id for score in scores})
        drop_scores(connection, gone)
        connection.execute(delete(FEATURE_ROWS).where(FEATURE_ROWS.c.account_id.in_(gone)))
        now = self.clock()
        next_at = {a: _next_at(now, computed.next_known.get(a)) for a in own}
        accounts.settle(connection, [claim for claim in claims if claim.account_id in own], next_at)
        for score in scores:
            former = before.get(score.account_id)
            if former is None or former.tier != score.tier:
                self.announce(connection, former, score)


def _next_at(now: float, next_known: float | None) -> float:
    """When a row has to be computed again though no event comes: at its age, or when what lies ahead has come."""
    stale_at = now + REFRESH_SECONDS
    return stale_at if next_known is None else min(stale_at, max(next_known, now) + 1.0)


def run(worker: FeatureWorker, stopped: threading.Event, poll_seconds: float) -> None:
    """Compute what is due until stopped; a store that does not answer is asked again."""
    looked_at = -poll_seconds
    while not stopped.is_set():
        try:
            if time.monotonic() - looked_at >= poll_seconds:
                worker.refresh()
                looked_at = time.monotonic()
            begun = time.monotonic()
            n = worker.step()
            if n == 0:
                stopped.wait(IDLE_SECONDS)
            elif n < MOST_STALE_AT_ONCE:
                stopped.wait(max(0.0, begun + GATHERS_SECONDS - time.monotonic()))
        except SQLAlchemyError as problem:
            log.warning("the store is busy or down, so features wait: %s", str(problem).splitlines()[0])
            stopped.wait(1.0)


def main() -> int:
    """Run the feature worker of this host, told by the environment (`serving.settings`), until a signal ends it."""
    # A few accounts at a time: threads of LightGBM would wait for each other longer than they work (measured: a step of
    # 20 accounts took 2.7 ms an account with one thread, 6.3 ms with two). It asks when it is loaded, which is later.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s feature worker: %(message)s")
    settings, stopped, parent = Settings(), threading.Event(), os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    threading.Thread(target=_stop_without, args=(parent, stopped), daemon=True).start()
    store, webhooks = Store(settings.store_url), WebhookSettings()
    worker = FeatureWorker(store, Champion(settings.releases), announcing(webhooks))
    beside = (delivery_watch(store, webhooks), alert_watch(store, settings.rows.parent / "actions", webhooks))
    watches = [watch for watch in beside if watch]
    for watch in watches:
        watch.start()
    run(worker, stopped, settings.poll_seconds)
    for watch in watches:
        watch.stop()
    return 0


def _stop_without(parent: int, stopped: threading.Event) -> None:
    """Stop when the process that started this one is gone, however it ended."""
    while not stopped.wait(0.5):
        if os.getppid() != parent:
            stopped.set()


if __name__ == "__main__":
    sys.exit(main())
