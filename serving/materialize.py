"""Filling the online store from the batch, and computing every account's row and score at an instant."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from features.errors import ConfigError, DataError
from features.labels import ChurnDefinition
from features.panel import Progress
from pipelines.config import Settings
from pipelines.engine import churn_definition, opened_tables
from serving.feature_worker import FeatureWorker
from serving.fillings import begin_filling, end_filling, fill, histories
from serving.live_scores import LiveScores
from serving.releases import Champion
from serving.store import Store
from serving.store_tables import ACCOUNTS, SCORES
from serving.webhook_settings import WebhookSettings
from serving.webhooks import announcing

STAGES = ("reading tables", "filling the store", "scoring")


@dataclass(frozen=True)
class Materialized:
    """How many accounts the store knows now, how many of them are customers and scored, and how many it forgot."""

    n_accounts: int
    n_scored: int
    n_forgotten: int
    release: str | None


def instant_of(said: str) -> datetime | None:
    """Return the instant (naive: UTC) that a person named, None for now.

    >>> instant_of("now"), instant_of("2026-01-31")
    (None, datetime.datetime(2026, 1, 31, 0, 0))

    Raises
    ------
    ConfigError
        When it is no time.
    """
    if said == "now":
        return None
    try:
        instant = datetime.fromisoformat(said)
    except ValueError:
        expected = "now, or a time such as 2026-01-31T09:30"
        raise ConfigError.of(f"--as-of {said}", expected, "write it so") from None
    return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)


def materialize(settings: Settings, url: str, as_of: datetime | None, tell: Progress) -> Materialized:
    """Fill the store at a URL with the accounts' histories, then compute rows and scores at `as_of` (None: now).

    A run that is broken off leaves every account with its former history or its new one: run it again.

    Raises
    ------
    ConfigError, DataError, ReleaseError
        When the tables cannot be read or break the contract, no event could change the features, or the champion
        is damaged.
    """
    churn = churn_definition(settings)
    if churn.kind == "labelled":
        do = "publish its rows with `perennial score`"
        expected = 'churn by "subscription" or "inactivity", which time and events change'
        raise DataError.of('[churn] definition = "labelled", whose snapshots are of their own dates', expected, do)
    store = Store(url)
    with opened_tables(settings, tell) as warehouse:
        tell("filling the store")
        number = begin_filling(store, churn, time.time())
        for found in histories(warehouse):
            fill(store, number, found)
    n_forgotten = end_filling(store, number, time.time())
    tell("scoring")
    release = _score_all(store, Champion(settings.releases_folder), churn, as_of)
    with store.engine.connect() as connection:
        n_accounts, n_scored = (
            int(connection.scalar(select(func.count()).select_from(table)) or 0) for table in (ACCOUNTS, SCORES)
        )
    return Materialized(n_accounts, n_scored, n_forgotten, release)


def _score_all(store: Store, champion: Champion, churn: ChurnDefinition, as_of: datetime | None) -> str | None:
    """Compute all that is due, side by side with feature workers that run; return by which release, None without."""
    # A look at another time is no change of today.
    announce = announcing(WebhookSettings() if as_of is None else WebhookSettings(url=None))
    worker = FeatureWorker(store, champion, announce, as_of=as_of)
    worker.refresh()
    if champion.predictor:
        LiveScores(champion.predictor, churn)
    started = time.time()
    while worker.step(due_by=started):
        pass
    return champion.predictor.version if champion.predictor else None
