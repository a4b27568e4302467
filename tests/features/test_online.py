"""One account at an instant against the panel: the same bits, without SQL."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import pandas as pd

from features.catalog import available
from features.inventory import inventory
from features.labels import ChurnDefinition
from features.online import OnlineFeatures, account_log
from features.panel import PanelSettings, panel_at

SUBSCRIPTION = ChurnDefinition("subscription", horizon_days=90, grace_days=30)


def test_online_features_are_those_of_the_panel_to_the_bit(open_tables, company):
    warehouse = open_tables(company)
    frames = {name: table.to_pyarrow().to_pylist() for name, table in warehouse.tables.items()}
    features = available(inventory(warehouse))
    assert len(features) > 120
    online = OnlineFeatures(features)
    for as_of in (pd.Timestamp("2025-03-01"), pd.Timestamp("2025-09-17")):
        rows = panel_at(warehouse, SUBSCRIPTION, PanelSettings(), as_of).rows.set_index("account_id")
        assert len(rows) > 50
        for account_id, row in rows.iloc[::9].iterrows():
            got = online.at(account_log(account_id, own_rows(account_id, frames)), as_of.to_pydatetime())
            for feature in features:
                expected = row[feature.name]
                assert same(got[feature.name], expected), (account_id, feature.name, got[feature.name], expected)


def own_rows(account_id: str, frames: dict) -> dict:
    """An account's rows, and the accounts around it."""
    own = {name: [row for row in rows if row.get("account_id") == account_id] for name, rows in frames.items()}
    parent = own["accounts"][0]["parent_account_id"]
    around = [
        row
        for row in frames["accounts"]
        if row["account_id"] == account_id
        or row["parent_account_id"] == account_id
        or (parent and row["parent_account_id"] == parent)
    ]
    return own | {"accounts": around}


def same(got: float | str | None, expected) -> bool:
    is_missing = expected is None or (isinstance(expected, float) and math.isnan(expected))
    return got is None if is_missing or pd.isna(expected) else got == expected


def test_events_at_or_after_the_instant_change_nothing_online():
    online = OnlineFeatures(catalogue_of_activities())
    as_of = datetime(2024, 5, 1)
    before = [{"account_id": "a", "occurred_at": as_of - timedelta(days=day), "event": "login"} for day in (1, 3, 9)]
    after = [{"account_id": "a", "occurred_at": as_of + timedelta(days=day), "event": "login"} for day in (0, 1)]
    late = [{**before[0], "recorded_at": as_of}]
    one, other = (account_log("a", {"activities": rows}) for rows in (before, before + after + late))
    assert online.at(one, as_of) == online.at(other, as_of)
    assert online.at(one, as_of)["activities_30d"] == 3.0
    assert online.at(other, as_of + timedelta(microseconds=1))["activities_30d"] == 5.0


def catalogue_of_activities():
    from features.catalog import catalogue

    return [feature for feature in catalogue() if feature.name in ("activities_30d", "recency_days", "active_days_30d")]


def test_an_account_without_rows_has_counts_of_zero_and_nothing_else():
    got = OnlineFeatures(catalogue_of_activities()).at(account_log("a", {}), datetime(2024, 5, 1))
    assert got == {"activities_30d": 0.0, "recency_days": None, "active_days_30d": 0.0}
