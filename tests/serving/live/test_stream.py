"""Rows that come one by one, in any order, give what a rebuild of everything from scratch would give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.company import simulate
from features.catalog import Feature, catalogue
from features.incoming import read_row
from features.labels import ChurnDefinition
from features.online import OnlineFeatures, account_log
from features.panel import PanelSettings, plan_at, read_panel
from features.tables import TABLES
from serving.event_payloads import TAKEN, EventsRequest
from serving.feature_worker import FeatureWorker
from serving.fillings import begin_filling, end_filling, fill, histories
from serving.ingest import Ingest
from serving.store import Store

AS_OF = pd.Timestamp("2025-09-17 10:30:00.000001")
KNOWN_TO_BATCH = pd.Timestamp("2025-06-01")
CHURN = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
Tables = dict[str, pd.DataFrame]
Sent = tuple[str, dict[str, Any]]
Rebuilt = tuple[pd.DataFrame, tuple[Feature, ...]]


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
def rebuilt(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Rebuilt:
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


def later_rows(tables: Tables, early: Tables) -> list[Sent]:
    """The rows that the batch does not hold as they are now."""
    rows = []
    for name in TAKEN:
        if name in tables:
            known = {str(as_sent(row)) for row in early[name].to_dict("records")}
            rows += [(name, row) for row in map(as_sent, tables[name].to_dict("records")) if str(row) not in known]
    return rows


def sent(ingest: Ingest, rows: Sequence[Sent], at_once: int = 7) -> dict[str, int]:
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
    tables: Tables,
    rebuilt: tuple[pd.DataFrame, tuple[Feature, ...]],
    live_store: Store,
    tmp_path: Any,
    make_champion: Any,
) -> None:
    panel, features = rebuilt
    early, store = known_to_batch(tables), live_store
    filled(store, early, tmp_path)
    worker = FeatureWorker(store, make_champion(features=features), as_of=AS_OF.to_pydatetime())
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


SUBSCRIPTION = {"subscription_id": "s", "account_id": "a", "start_date": datetime(2025, 1, 1), "mrr": 10.0}
ORDERS: list[Sent] = [
    ("contacts", {"contact_id": "k", "role": "Decision Maker", "active_from": "2025-02-01"}),
    ("activities", {"activity_id": "1", "occurred_at": "2025-09-01", "event": "login", "contact_id": "k"}),
    ("activities", {"activity_id": "2", "occurred_at": "2025-09-01", "event": "login", "recorded_at": "2025-09-10"}),
    ("activities", {"activity_id": "3", "occurred_at": "2025-12-01", "event": "login"}),
    ("cases", {"case_id": "c", "opened_at": "2025-08-01", "closed_at": "2025-08-03", "category": "billing"}),
    ("survey_invitations", {"invitation_id": "i", "sent_at": "2025-07-01", "contact_id": "k"}),
    (
        "survey_responses",
        {"response_id": "r", "answered_at": "2025-07-09", "metric": "nps", "score": 3, "invitation_id": "i"},
    ),
    ("survey_responses", {"response_id": "q", "answered_at": "2025-07-02", "metric": "nps", "score": 9}),
    ("account_changes", {"change_id": "h", "changed_at": "2025-03-01", "column": "plan", "new_value": "pro"}),
    ("accounts", {"plan": "pro", "created_at": "2024-05-01"}),
]


@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations(ORDERS), worked=st.sets(st.integers(0, len(ORDERS))), again=st.lists(st.sampled_from(ORDERS))
)
def test_whatever_the_order_and_however_often_it_is_computed_between(
    order: list[Sent], worked: set[int], again: list[Sent], make_champion: Any
) -> None:
    online = OnlineFeatures(catalogue())
    rows: dict[str, list[dict[str, Any]]] = {"subscriptions": [SUBSCRIPTION]}
    for name, row in ORDERS:
        rows.setdefault(name, []).append(read_row(TABLES[name], {**row, "account_id": "a"}).row)
    expected = online.at(account_log("a", rows), AS_OF.to_pydatetime())
    store = Store("sqlite://")
    fill(store, begin_filling(store, CHURN, 0.0), {"a": {"subscriptions": [SUBSCRIPTION]}})
    worker = FeatureWorker(store, make_champion(features=catalogue()), as_of=AS_OF.to_pydatetime())
    ingest = Ingest(store)
    for place, (name, row) in enumerate([*order, *again]):
        if place in worked:
            worker.step()
        ingest.take(EventsRequest(table=name, rows=[{**row, "account_id": "a"}]))
    worker.step()
    assert store.rows(["a"])["a"].values == expected
