"""Labels against SQL written by hand from the definition."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from features.events import ACTIVITY, EventLog
from features.labels import ChurnDefinition, active, inactivity_spells, labelled, subscribed, subscription_spells

UNTIL = pd.Timestamp("2025-01-01")
CUTOFFS = pd.date_range("2024-02-01", "2024-12-01", freq="MS")


def random_subscriptions(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    starts = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 120), unit="D")
    ends = pd.Series(starts + pd.to_timedelta(rng.integers(5, 200, 120), unit="D"))
    ends = ends.where((rng.random(120) < 0.8) & (ends < UNTIL))
    return pd.DataFrame({"account_id": [f"a{i % 40}" for i in range(120)], "start_date": starts, "end_date": ends})


SUBSCRIPTION_SQL = """
with spine as (select distinct s.account_id, c.as_of from subscriptions s, cutoffs c
               where s.start_date < c.as_of and coalesce(s.end_date, date '2262-01-01') >= c.as_of)
select account_id, as_of, exists (
    select 1 from subscriptions e where e.account_id = spine.account_id
    and e.end_date >= as_of and e.end_date < as_of + interval 90 day
    and not exists (select 1 from subscriptions o where o.account_id = e.account_id
        and o.start_date <= e.end_date + interval 30 day and coalesce(o.end_date, date '2262-01-01') > e.end_date)
    ) as churned
from spine where as_of + interval 120 day <= date '2025-01-01' order by as_of, account_id
"""


@pytest.mark.parametrize("seed", range(5))
def test_subscription_labels_agree_with_sql(seed: int) -> None:
    subscriptions, cutoffs = random_subscriptions(seed), pd.DataFrame({"as_of": CUTOFFS})
    expected = duckdb.sql(SUBSCRIPTION_SQL).df()
    churn = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
    rows = labelled(subscribed(subscriptions, CUTOFFS), subscription_spells(subscriptions, 30), churn, UNTIL)
    due = rows[rows["churned"].notna()].sort_values(["as_of", "account_id"])
    assert len(cutoffs) == 11
    assert due["account_id"].tolist() == expected["account_id"].tolist()
    assert due["churned"].astype(bool).tolist() == expected["churned"].tolist()
    assert 0 < expected["churned"].mean() < 1


def random_log(seed: int) -> tuple[EventLog, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    n = 300
    events = pd.DataFrame(
        {
            "account": rng.integers(0, 30, n),
            "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 365 * 24, n), unit="h"),
        }
    ).sort_values(["account", "at"], ignore_index=True)
    at = pd.DatetimeIndex(events["at"]).as_unit("us").asi8
    names = np.array([f"a{i:02}" for i in range(30)], dtype=object)
    nothing = np.full(n, -1, dtype=np.int32)
    offsets = np.searchsorted(events["account"], np.arange(31))
    log = EventLog(names, offsets, at, at, np.zeros(n, np.int32), ((ACTIVITY, None),), nothing * 0.0, nothing, nothing)
    return log, events.assign(account_id=names[events["account"]])


INACTIVITY_SQL = """
with spine as (select distinct e.account_id, c.as_of from events e, cutoffs c
               where e.at < c.as_of and e.at >= c.as_of - interval 60 day)
select account_id, as_of, exists (
    select 1 from events e where e.account_id = spine.account_id
    and e.at + interval 60 day >= as_of and e.at + interval 60 day < as_of + interval 90 day
    and not exists (select 1 from events l where l.account_id = e.account_id
                    and l.at > e.at and l.at <= e.at + interval 60 day)
    ) as churned
from spine where as_of + interval 90 day <= date '2025-01-01' order by as_of, account_id
"""


@pytest.mark.parametrize("seed", range(5))
def test_inactivity_labels_agree_with_sql(seed: int) -> None:
    log, events = random_log(seed)
    cutoffs = pd.DataFrame({"as_of": CUTOFFS})
    expected = duckdb.sql(INACTIVITY_SQL).df()
    churn = ChurnDefinition("inactivity", horizon_days=90, inactive_days=60)
    rows = labelled(active(log, CUTOFFS, 60), inactivity_spells(log, 60), churn, UNTIL)
    due = rows[rows["churned"].notna()].sort_values(["as_of", "account_id"])
    assert len(events) == 300
    assert len(cutoffs) == 11
    assert due["account_id"].tolist() == expected["account_id"].tolist()
    assert due["churned"].astype(bool).tolist() == expected["churned"].tolist()
    assert 0 < expected["churned"].mean() < 1


def test_a_label_is_unknown_until_horizon_and_grace_have_passed() -> None:
    subscriptions = pd.DataFrame(
        {"account_id": ["a"], "start_date": [pd.Timestamp("2023-01-01")], "end_date": [pd.Timestamp("2024-09-10")]}
    )
    cutoffs = pd.to_datetime(["2024-09-03", "2024-09-04"])
    churn = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
    rows = labelled(subscribed(subscriptions, cutoffs), subscription_spells(subscriptions, 30), churn, UNTIL)
    assert rows["churned"].isna().tolist() == [False, True]


def test_an_account_that_ends_and_returns_within_grace_did_not_churn_but_later_did() -> None:
    day = pd.Timestamp
    subscriptions = pd.DataFrame(
        {
            "account_id": ["a", "a", "b", "b"],
            "start_date": [day("2023-01-01"), day("2024-03-25"), day("2023-01-01"), day("2024-06-01")],
            "end_date": [day("2024-03-01"), pd.NaT, day("2024-03-01"), pd.NaT],
        }
    )
    churn = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
    cutoffs = pd.to_datetime(["2024-02-01", "2024-07-01"])
    rows = labelled(subscribed(subscriptions, cutoffs), subscription_spells(subscriptions, 30), churn, UNTIL)
    got = {(row.account_id, f"{row.as_of:%m}"): row.churned for row in rows.itertuples()}
    assert got == {("a", "02"): False, ("b", "02"): True, ("a", "07"): False, ("b", "07"): False}


def test_in_the_gap_between_two_subscriptions_an_account_is_not_at_risk_whether_it_returns_or_not() -> None:
    day = pd.Timestamp
    subscriptions = pd.DataFrame(
        {
            "account_id": ["a", "a", "b"],
            "start_date": [day("2023-01-01"), day("2024-03-20"), day("2023-01-01")],
            "end_date": [day("2024-03-01"), pd.NaT, day("2024-03-01")],
        }
    )
    assert subscribed(subscriptions, pd.to_datetime(["2024-03-10"])).empty


def test_an_end_exactly_at_the_cutoff_counts_as_churn_not_as_known() -> None:
    subscriptions = pd.DataFrame(
        {"account_id": ["a"], "start_date": [pd.Timestamp("2023-01-01")], "end_date": [pd.Timestamp("2024-03-01")]}
    )
    churn = ChurnDefinition("subscription", horizon_days=30, grace_days=0)
    cutoff = pd.to_datetime(["2024-03-01"])
    rows = labelled(subscribed(subscriptions, cutoff), subscription_spells(subscriptions, 0), churn, UNTIL)
    assert rows["churned"].tolist() == [True]
