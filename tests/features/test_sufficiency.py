from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from features.errors import DataError
from features.labels import ChurnDefinition
from features.panel import Panel, PanelSettings, training_panel
from features.sufficiency import events_after, events_after_the_end, fail_on_errors, panel_findings, single_column_auc

NUMBER = Feature("usage", "behaviour", "behaviour", "count", "Usage")
CATEGORY = Feature("plan", "firmographic", "context", "category", "Plan", kind="category")


def panel_of(churned: list, **columns: object) -> Panel:
    n = len(churned)
    rows = pd.DataFrame({"account_id": [f"a{i}" for i in range(n)], "churned": pd.array(churned, dtype="boolean")})
    features = [feature for feature in (NUMBER, CATEGORY) if feature.name in columns]
    return Panel(rows.assign(**columns), tuple(features), ChurnDefinition("labelled"), None)


def errors(panel: Panel, least: int = 30) -> list[str]:
    return [finding.what for finding in panel_findings(panel, least) if finding.severity == "error"]


def noise(n: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=n)


def test_one_class_only_is_an_error():
    assert errors(panel_of([False] * 60, usage=noise(60))) == ["one class only: no account churned"]
    assert errors(panel_of([True] * 60, usage=noise(60))) == ["one class only: every account churned"]


def test_too_few_churners_are_an_error_that_says_how_many_are_needed():
    assert errors(panel_of([True] * 5 + [False] * 95, usage=noise(100))) == [
        "too few churners: 5 accounts churned, at least 30 are needed"
    ]
    assert errors(panel_of([True] * 40 + [False] * 60, usage=noise(100))) == []


@pytest.mark.parametrize(
    "leak",
    [
        {"usage": np.repeat([1.0, 0.0], 50)},
        {"usage": np.repeat([-7.0, 3.0], 50) + noise(100) / 100},
        {"usage": np.where(np.arange(100) < 50, noise(100), np.nan)},
        {"plan": np.repeat(["gone", "here"], 50)},
        {"plan": pd.Series(["closed"] * 50 + [None] * 50, dtype="str")},
    ],
)
def test_a_column_that_mirrors_the_label_is_found_and_named(leak: dict):
    panel = panel_of([True] * 50 + [False] * 50, **leak)
    found = [finding for finding in panel_findings(panel, 30) if finding.severity == "error"]
    assert [finding.column for finding in found] == list(leak)
    with pytest.raises(DataError, match="gives the label away"):
        fail_on_errors(found)


def test_a_good_column_is_no_leak():
    churned = [True] * 50 + [False] * 50
    usage = np.where(churned, 1.0, 0.0) + noise(100)
    assert errors(panel_of(churned, usage=usage)) == []


def test_a_category_of_all_different_values_is_no_leak():
    churned = pd.Series([True] * 50 + [False] * 50)
    assert single_column_auc(pd.Series([f"n{i}" for i in range(100)]), churned.to_numpy()) == 0.5


def test_missing_shares_are_told():
    panel = panel_of([True, False] * 50, usage=np.where(np.arange(100) % 4 == 0, noise(100), np.nan))
    assert "missing in 75% of the rows" in [finding.what for finding in panel_findings(panel, 30)]


def test_a_history_under_two_horizons_is_a_warning(open_tables, small_company):
    churn = ChurnDefinition("subscription", horizon_days=330, grace_days=30)
    panel = training_panel(open_tables(small_company), churn, PanelSettings())
    whats = [finding.what for finding in panel_findings(panel, 30) if finding.severity == "warning"]
    assert any("under two horizons of 330" in what for what in whats)


def test_events_after_the_end_of_an_account_are_counted(open_tables, small_company):
    assert events_after_the_end(open_tables(small_company)) == []
    late = (
        small_company["activities"]
        .iloc[:1]
        .assign(activity_id="late", account_id="b", occurred_at=pd.Timestamp("2024-12-01"))
    )
    tables = small_company | {"activities": pd.concat([small_company["activities"], late])}
    found = events_after_the_end(open_tables(tables))
    assert [(finding.table, finding.severity, finding.n) for finding in found] == [("activities", "warning", 1)]


def test_a_column_of_accounts_that_was_written_after_they_left_is_found(open_tables, small_company):
    n = 60
    ids = [f"a{i:02}" for i in range(n)]
    left = np.arange(n) < 20
    ends = pd.to_datetime(np.where(left, "2024-07-15", "NaT"))
    tables = {
        "accounts": pd.DataFrame({"account_id": ids, "state": np.where(left, "gone", "live")}),
        "subscriptions": pd.DataFrame(
            {"subscription_id": ids, "account_id": ids, "start_date": pd.Timestamp("2023-01-01"), "end_date": ends}
        ),
        "activities": small_company["activities"].assign(account_id="a00"),
    }
    panel = training_panel(open_tables(tables), ChurnDefinition("subscription"), PanelSettings())
    found = [finding for finding in panel_findings(panel, 10) if finding.severity == "error"]
    assert [(finding.table, finding.column) for finding in found] == [("accounts", "state")]
    assert "ignore = ['state']" in found[0].do


def test_columns_that_never_differ_carry_no_model():
    assert errors(panel_of([True, False] * 50, usage=np.ones(100))) == ["no feature that differs between accounts"]


def test_events_dated_after_today_are_counted(open_tables, small_company):
    found = events_after(open_tables(small_company), pd.Timestamp("2024-12-20"))
    assert [(finding.table, finding.severity) for finding in found] == [("activities", "warning")]
    assert found[0].n == int((small_company["activities"]["occurred_at"] > pd.Timestamp("2024-12-20")).sum())
