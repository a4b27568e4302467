"""A company of two accounts in an empty store, and a champion whose only reason is activity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from features.catalog import Feature, catalogue
from features.labels import ChurnDefinition
from serving.event_payloads import EventsRequest, EventsTaken
from serving.feature_worker import FeatureWorker
from serving.fillings import begin_filling, end_filling, fill
from serving.ingest import Ingest
from serving.payloads import Prediction
from serving.store import Store
from serving.vocabulary import FeatureRow

CHURN = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
NOW = datetime(2026, 3, 1, 12)


@dataclass
class Simple:
    """A predictor: without activity in 30 days the risk is high."""

    features: Sequence[Feature]
    version: str = "v1"

    @property
    def release(self) -> Any:
        return SimpleNamespace(churn=SimpleNamespace(encoder=SimpleNamespace(features=self.features)))

    def predict(self, rows: Sequence[FeatureRow], explained: Sequence[bool]) -> list[Prediction]:
        return [self._prediction(row) for row in rows]

    def _prediction(self, row: FeatureRow) -> Prediction:
        is_silent = not row.values.get("activities_30d")
        said: dict[str, Any] = dict.fromkeys(Prediction.model_fields)
        said |= {"release": self.version, "churn_prob": 0.9 if is_silent else 0.2, "warnings": []}
        said |= {"tier": "high" if is_silent else "low", "account_id": row.account_id, "as_of": row.as_of}
        return Prediction.model_construct(**said)


@dataclass
class Appointed:
    """A champion that stays until another is put in its place."""

    predictor: Any

    def refresh(self) -> None:
        """Follow no pointer."""


@dataclass
class Clock:
    """Seconds since 1970, as a test sets them."""

    now: float = NOW.replace(tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """A store, what takes rows into it, and a worker on it, all by one clock."""

    store: Store
    clock: Clock
    ingest: Ingest
    worker: FeatureWorker
    champion: Appointed
    told: list[tuple[str, str | None, str]]

    def send(self, table: str, *rows: dict[str, Any]) -> EventsTaken:
        return self.ingest.take(EventsRequest(table=table, rows=list(rows)))

    def work(self) -> int:
        """Compute all that is due; return how many accounts that were."""
        n = 0
        while done := self.worker.step():
            n += done
        return n

    def activities(self, account_id: str) -> float:
        found: Any = self.store.rows([account_id])[account_id].values["activities_30d"]
        return float(found)

    def another_worker(self, **given: Any) -> FeatureWorker:
        return FeatureWorker(self.store, self.champion, clock=self.clock, **given)  # type: ignore[arg-type]


def _history(account_id: str, **more: Any) -> dict[str, list[Any]]:
    """An account with a subscription that runs."""
    account = {"account_id": account_id, "created_at": datetime(2025, 1, 1), **more}
    subscription = {
        "subscription_id": f"s-{account_id}",
        "account_id": account_id,
        "start_date": datetime(2025, 1, 1),
        "mrr": 10.0,
    }
    return {"accounts": [account], "subscriptions": [subscription]}


@pytest.fixture
def history() -> Callable[..., dict[str, list[Any]]]:
    """The rows of an account with a subscription that runs."""
    return _history


@pytest.fixture(scope="session")
def make_champion() -> Callable[..., Appointed]:
    """Appoint a simple predictor of some features, those by name if they are texts."""

    def make(*names: str, features: Sequence[Feature] = (), version: str = "v1") -> Appointed:
        named = [feature for feature in catalogue() if feature.name in names]
        return Appointed(Simple([*named, *features], version))

    return make


@pytest.fixture
def world(live_store: Store, make_champion: Callable[..., Appointed]) -> World:
    """Accounts a and b, filled from a batch, computed once."""
    clock, told = Clock(), []
    champion = make_champion("activities_30d", "recency_days", "tenure_days", "child_accounts", "sibling_accounts")
    worker = FeatureWorker(
        live_store,
        champion,  # type: ignore[arg-type]
        lambda _, before, after: told.append((after.account_id, before and before.tier, after.tier)),
        clock,
    )
    number = begin_filling(live_store, CHURN, clock())
    fill(live_store, number, {"a": _history("a"), "b": _history("b")})
    end_filling(live_store, number, clock())
    made = World(live_store, clock, Ingest(live_store, clock), worker, champion, told)
    assert made.work() == 2
    told.clear()
    return made
