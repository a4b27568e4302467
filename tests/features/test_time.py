"""What counts when: time zones, daylight saving, leap days, the instant itself, and what an account was then."""

from __future__ import annotations

import pandas as pd
import pytest

from features.labels import ChurnDefinition
from features.panel import PanelSettings, panel_at
from features.sufficiency import panel_findings

SUBSCRIPTION = ChurnDefinition("subscription", horizon_days=90, grace_days=30)


@pytest.fixture
def at(open_tables):
    """A function that gives one account's features at a date, from its activities and whatever other tables."""

    def features(as_of: str, activities: list[str], **tables: pd.DataFrame) -> pd.Series:
        occurred = pd.Series(activities, dtype=object)
        frames = {
            "accounts": pd.DataFrame({"account_id": ["a"], "industry": ["retail"], "employees": [10.0]}),
            "subscriptions": pd.DataFrame(
                {"subscription_id": ["s"], "account_id": ["a"], "start_date": [pd.Timestamp("2020-01-01")]}
            ),
            "activities": pd.DataFrame(
                {
                    "activity_id": [f"v{i}" for i in range(len(occurred))],
                    "account_id": "a",
                    "occurred_at": occurred,
                    "event": "login",
                }
            ),
        } | tables
        date = pd.Timestamp(as_of)
        panel = panel_at(open_tables(frames), SUBSCRIPTION, PanelSettings(today=date), date)
        return panel.rows.set_index("account_id").loc["a"]

    return features


def test_an_offset_in_the_text_moves_an_event_to_the_other_side_of_a_date(at):
    assert at("2024-03-01", ["2024-03-01 00:30:00+01:00"])["activities_30d"] == 1.0
    assert at("2024-03-01", ["2024-02-29 23:30:00-01:00"])["activities_30d"] == 0.0


@pytest.mark.parametrize(("as_of", "n"), [("2024-04-01", 24 * 30), ("2024-11-15", 24 * 30)])
def test_days_have_24_hours_across_the_change_of_clocks(at, as_of, n):
    berlin = pd.date_range(end=pd.Timestamp(as_of, tz="UTC"), periods=24 * 40, freq="h").tz_convert("Europe/Berlin")
    row = at(as_of, [f"{instant:%Y-%m-%d %H:%M:%S%z}" for instant in berlin])
    # The event at the date itself is not known before it; the one 30 days before is the first of the window.
    assert row["activities_30d"] == n
    assert row["active_days_30d"] == 30.0


def test_a_leap_day_is_a_day(at):
    row = at("2024-03-01", ["2024-02-29 12:00:00", "2023-03-02 00:00:00", "2023-03-01 23:59:59"])
    # 365 days before 1 March 2024 is 2 March 2023: the leap day took one.
    assert row["activities_365d"] == 2.0
    assert row["recency_days"] == 0.5


def test_an_event_at_the_very_instant_is_not_known_and_one_a_microsecond_before_is(at):
    row = at("2024-03-01", ["2024-03-01 00:00:00", "2024-02-29 23:59:59.999999"])
    assert row["activities_30d"] == 1.0


def test_an_account_that_ends_and_returns_has_the_features_of_its_whole_history(at):
    subscriptions = pd.DataFrame(
        {
            "subscription_id": ["1", "2"],
            "account_id": "a",
            "start_date": pd.to_datetime(["2022-01-01", "2024-01-01"]),
            "end_date": pd.to_datetime(["2023-01-01", None]),
            "mrr": [100.0, 80.0],
        }
    )
    row = at("2024-03-01", ["2022-06-01", "2024-02-20"], subscriptions=subscriptions)
    assert row["subscriptions_now"] == 1.0
    assert row["mrr_now"] == 80.0
    assert row["history_days"] == (pd.Timestamp("2024-03-01") - pd.Timestamp("2022-06-01")).days


def changes(*rows: tuple[str, str, str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["changed_at", "column", "old_value", "new_value"])
    frame["changed_at"] = pd.to_datetime(frame["changed_at"])
    return frame.assign(account_id="a", change_id=[f"c{i}" for i in range(len(frame))])


def test_a_column_with_history_is_what_it_was_at_the_date(at):
    history = changes(
        ("2024-02-01", "industry", "farming", "energy"),
        ("2024-05-01", "industry", "energy", "retail"),
        ("2024-05-01", "employees", "7", "10"),
    )
    dates = ("2024-02-01", "2024-02-02", "2024-06-01")
    rows = [at(date, ["2024-01-01"], account_changes=history) for date in dates]
    assert [row["industry"] for row in rows] == ["farming", "energy", "retail"]
    assert [row["employees"] for row in rows] == [7.0, 7.0, 10.0]


def test_a_change_that_was_recorded_late_is_known_late(at):
    history = changes(("2024-02-01", "industry", "farming", "retail")).assign(recorded_at=pd.Timestamp("2024-03-15"))
    assert at("2024-03-01", ["2024-01-01"], account_changes=history)["industry"] == "farming"
    assert at("2024-04-01", ["2024-01-01"], account_changes=history)["industry"] == "retail"


def test_changes_of_the_owner_are_counted(at):
    accounts = pd.DataFrame({"account_id": ["a", "b"], "owner": ["Kim", "Lee"], "industry": ["x", "x"]})
    history = changes(("2024-02-01", "owner", "Ann", "Bo"), ("2024-02-20", "owner", "Bo", "Kim"))
    row = at("2024-03-01", ["2024-01-01"], accounts=accounts, account_changes=history)
    assert row["owner_changes_365d"] == 2.0


def test_columns_without_history_are_marked_static_and_warned_about(open_tables, small_company):
    history = changes(("2024-02-01", "industry", "farming", "retail"))
    tables = small_company | {"account_changes": history}
    from features.panel import training_panel

    panel = training_panel(open_tables(tables), SUBSCRIPTION, PanelSettings())
    assert [feature.name for feature in panel.features if feature.static] == ["employees"]
    (finding,) = [finding for finding in panel_findings(panel, 10) if finding.what.startswith("static")]
    assert finding.severity == "warning"
    assert "employees" in finding.what
    assert "industry" not in finding.what


def test_accounts_around_one_count_from_the_day_they_came(at):
    accounts = pd.DataFrame(
        {
            "account_id": ["a", "top", "b", "c", "d"],
            "parent_account_id": ["top", None, "top", "top", "a"],
            "created_at": pd.to_datetime(["2020-01-01", "2020-01-01", "2024-01-01", "2024-04-01", "2024-02-10"]),
        }
    )
    row = at("2024-03-01", ["2024-01-01"], accounts=accounts)
    assert (row["sibling_accounts"], row["child_accounts"]) == (1.0, 1.0)
    row = at("2024-05-01", ["2024-01-01"], accounts=accounts)
    assert (row["sibling_accounts"], row["child_accounts"]) == (2.0, 1.0)


def test_of_the_accounts_around_one_a_hundred_count(at):
    accounts = pd.DataFrame({"account_id": ["a", *[f"x{i}" for i in range(150)]], "parent_account_id": "top"})
    accounts = pd.concat([accounts, pd.DataFrame({"account_id": ["top"]})])
    assert at("2024-03-01", ["2024-01-01"], accounts=accounts)["sibling_accounts"] == 100.0
