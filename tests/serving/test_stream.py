"""Rows that come one by one, in any order, give what a rebuild of everything from scratch would give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.company import simulate
from features.catalog import Feature
from features.labels import ChurnDefinition
from features.panel import PanelSettings, plan_at, read_panel
from serving.event_payloads import TAKEN, EventsRequest
from serving.feature_worker import FeatureWorker
from serving.fillings import begin_filling, end_filling, fill, histories
from serving.ingest import Ingest
from serving.payloads import Prediction
from serving.store import Store
from serving.vocabulary import FeatureRow

AS_OF = pd.Timestamp("2025-09-17 10:30:00.000001")
KNOWN_TO_BATCH = pd.Timestamp("2025-06-01")
CHURN = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
Tables = dict[str, pd.DataFrame]


@dataclass
class Constant:
    """What says the same of every account: here it is features that matter."""

    features: Sequence[Feature]
    version: str = "constant"

    @property
    def release(self) -> Any:
        return SimpleNamespace(churn=SimpleNamespace(encoder=SimpleNamespace(features=self.features)))

    def predict(self, rows: Sequence[FeatureRow], explained: Sequence[bool]) -> list[Prediction]:
        said: dict[str, Any] = dict.fromkeys(Prediction.model_fields)
        said |= {"release": self.version, "churn_prob": 0.2, "tier": "low", "warnings": []}
        return [
            Prediction.model_construct(**{**said, "account_id": row.account_id, "as_of": row.as_of}) for row in rows
        ]


@dataclass
class Appointed:
    """A champion that stays."""

    predictor: Constant

    def refresh(self) -> None:
        """Follow no pointer."""


@pytest.fixture(scope="module")
def tables() -> Tables:
    """A company with parents, columns that change, late records, and things booked ahead."""
    tables = simulate(70, years=2, seed=5).tables
    rng = np.random.default_rng(0)
    accounts = tables["accounts"]
    ids = accounts["account_id"].to_numpy()
    accounts["parent_account_id"] = np.where(rng.random(len(ids)) < 0.4, rng.choice(ids[:5], len(ids)), None)
    activities = tables["activities"]
    delay = pd.to_timedelta(np.where(rng.random(len(activities)) < 0.1, 20, 0), unit="D")
    activities["recorded_at"] = activities["occurred_at"] + delay
    return tables


@pytest.fixture(scope="module")
def rebuilt(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, tuple[Feature, ...]]:
    """The panel of all tables at the instant, and its features."""
    with opened(tables, tmp_path_factory.mktemp("all")) as warehouse:
        plan = plan_at(warehouse, CHURN, PanelSettings(), AS_OF)
        panel = read_panel(warehouse, plan, PanelSettings())
    assert len(panel.rows) > 25
    assert len(panel.features) > 150
    return panel.rows.set_index("account_id"), panel.features


def opened(tables: Tables, folder: Any) -> Any:
    """The tables as a warehouse."""
    from contextlib import contextmanager

    from features.checks import read_tables
    from features.mapping import Sources
    from features.sources import open_warehouse

    @contextmanager
    def warehouse() -> Any:
        for name, frame in tables.items():
            frame.to_parquet(folder / f"{name}.parquet")
        sources = Sources(
            location=str(folder), on_reject="fail", tables={n: {"source": f"{n}.parquet"} for n in tables}
        )
        with open_warehouse() as found:
            read_tables(found, sources)
            yield found

    return warehouse()


def known_to_batch(tables: Tables) -> Tables:
    """What the batch held in June: not all accounts, and cases that were open then."""
    from features.tables import TABLES

    early = {name: frame.copy() for name, frame in tables.items()}
    for name, frame in early.items():
        when = {"accounts": "created_at", "account_changes": "changed_at"}.get(name, TABLES[name].happened)
        if when:
            early[name] = frame[frame[when] < KNOWN_TO_BATCH]
    for column in ("first_response_at", "closed_at"):
        late = early["cases"][column] >= KNOWN_TO_BATCH
        early["cases"].loc[late, column] = pd.NaT
    there = set(early["accounts"]["account_id"])
    for name, frame in early.items():
        if "account_id" in frame:
            early[name] = frame[frame["account_id"].isin(there)].reset_index(drop=True)
    return early


def as_sent(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a program would send it."""
    sent = {}
    for name, value in row.items():
        if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
            continue
        sent[name] = value.isoformat() if isinstance(value, datetime) else value
    return sent


def later_rows(tables: Tables, early: Tables) -> list[tuple[str, dict[str, Any]]]:
    """The rows that the batch does not hold as they are now."""
    rows = []
    for name in TAKEN:
        if name in tables:
            known = {str(as_sent(row)) for row in early[name].to_dict("records")}
            rows += [(name, row) for row in map(as_sent, tables[name].to_dict("records")) if str(row) not in known]
    return rows


def sent(ingest: Ingest, rows: Sequence[tuple[str, dict[str, Any]]], at_once: int = 7) -> dict[str, int]:
    """Send rows in their order, a few of one table at a time."""
    count = {"accepted": 0, "duplicate": 0, "rejected": 0}
    begin = 0
    while begin < len(rows):
        end = begin + 1
        while end < len(rows) and end - begin < at_once and rows[end][0] == rows[begin][0]:
            end += 1
        reply = ingest.take(EventsRequest(table=rows[begin][0], rows=[row for _, row in rows[begin:end]]))
        assert reply.rejected == 0, reply
        for status in count:
            count[status] += getattr(reply, status)
        begin = end
    return count


def assert_same(store: Store, panel: pd.DataFrame, features: Sequence[Feature], all_ids: Sequence[str]) -> None:
    held = store.rows(all_ids)
    assert held.keys() == set(panel.index)
    for account_id, row in held.items():
        assert row.as_of == "2025-09-17T10:30:00.000001"
        for feature in features:
            came, expected = row.values[feature.name], panel.loc[account_id, feature.name]
            if came is None or pd.isna(expected):
                assert came is None, (account_id, feature.name, came, expected)
                assert pd.isna(expected), (account_id, feature.name, came, expected)
            else:
                assert came == expected, (account_id, feature.name, came, expected)


def filled(store: Store, early: Tables, folder: Any) -> None:
    with opened(early, folder) as warehouse:
        number = begin_filling(store, CHURN, 0.0)
        for found in histories(warehouse, rows_at_once=5_000):
            fill(store, number, found)
    end_filling(store, number, 1.0)


def test_shuffled_rows_with_duplicates_give_what_a_rebuild_gives(
    tables: Tables, rebuilt: tuple[pd.DataFrame, tuple[Feature, ...]], live_store: Store, tmp_path: Any
) -> None:
    panel, features = rebuilt
    early, store = known_to_batch(tables), live_store
    filled(store, early, tmp_path)
    worker = FeatureWorker(store, Appointed(Constant(features)), as_of=AS_OF.to_pydatetime())  # type: ignore[arg-type]
    while worker.step():
        pass
    rows = later_rows(tables, early)
    assert len(rows) > 1_500
    rng = np.random.default_rng(3)
    accounts = [row for row in rows if row[0] == "accounts"]
    others = [row for row in rows if row[0] != "accounts"]
    others = [others[i] for i in rng.permutation(len(others))]
    again = [others[i] for i in rng.integers(0, len(others), 200)]
    ingest = Ingest(store)
    half = len(others) // 2
    assert sent(ingest, accounts)["accepted"] == len(accounts)
    assert sent(ingest, others[:half])["accepted"] == half
    while worker.step():
        pass
    count = sent(ingest, others[half:] + again)
    assert count["accepted"] + count["duplicate"] == len(others) - half + 200
    assert count["duplicate"] == 200
    while worker.step():
        pass
    assert_same(store, panel, features, list(tables["accounts"]["account_id"]))
