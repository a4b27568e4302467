"""Labels against SQL written by hand from the definition."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.labels import DUE, ChurnDefinition, at_risk, labels
from features.log import LOG_COLUMNS, EventLog, to_log
from features.streams import ACTIVITY, SUBSCRIBED, UNSUBSCRIBED

UNTIL = pd.Timestamp("2025-01-01")
CUTOFFS = pd.date_range("2024-02-01", "2024-12-01", freq="MS")


def log_of(events: pd.DataFrame) -> EventLog:
    """The log of account_id, at, stream."""
    missing = {name: None for name in LOG_COLUMNS if name not in (*events.columns, "known_at")}
    table = pa.Table.from_pandas(
        events.assign(known_at=events["at"], **missing)[list(LOG_COLUMNS)], preserve_index=False
    )
    return to_log(table)


def subscription_log(subscriptions: pd.DataFrame) -> EventLog:
    """The log of account_id, start_date, end_date (NaT while it runs)."""
    began = subscriptions.rename(columns={"start_date": "at"}).assign(stream=SUBSCRIBED)
    ended = subscriptions.rename(columns={"end_date": "at"}).dropna(subset="at").assign(stream=UNSUBSCRIBED)
    return log_of(pd.concat([began, ended])[["account_id", "at", "stream"]])


def labelled_rows(log: EventLog, churn: ChurnDefinition, cutoffs: pd.DatetimeIndex) -> pd.DataFrame:
    """The spine with its labels, NA until they are due."""
    spine = at_risk(log, churn, cutoffs.as_unit("us").asi8)
    known = labels(log, churn, spine, int(UNTIL.to_datetime64().astype("datetime64[us]").astype(np.int64)))
    churned = pd.array(known == 1, dtype="boolean")
    churned[known == DUE] = pd.NA
    as_of = pd.to_datetime(spine.as_of, unit="us")
    names = np.array(log.accounts, dtype=object)[spine.account]
    rows = pd.DataFrame({"account_id": names, "as_of": as_of, "churned": churned})
    return rows.sort_values(["as_of", "account_id"], ignore_index=True)


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
    rows = labelled_rows(subscription_log(subscriptions), churn, CUTOFFS)
    due = rows[rows["churned"].notna()]
    assert len(cutoffs) == 11
    assert due["account_id"].tolist() == expected["account_id"].tolist()
    assert due["churned"].astype(bool).tolist() == expected["churned"].tolist()
    assert 0 < expected["churned"].mean() < 1


def random_events(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    hours = pd.to_timedelta(rng.integers(0, 365 * 24, 300), unit="h")
    accounts = [f"a{i:02}" for i in rng.integers(0, 30, 300)]
    return pd.DataFrame({"account_id": accounts, "at": pd.Timestamp("2024-01-01") + hours, "stream": ACTIVITY})


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
    events = random_events(seed)
    cutoffs = pd.DataFrame({"as_of": CUTOFFS})
    expected = duckdb.sql(INACTIVITY_SQL).df()
    churn = ChurnDefinition("inactivity", horizon_days=90, inactive_days=60)
    rows = labelled_rows(log_of(events), churn, CUTOFFS)
    due = rows[rows["churned"].notna()]
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
    rows = labelled_rows(subscription_log(subscriptions), churn, cutoffs)
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
    rows = labelled_rows(subscription_log(subscriptions), churn, cutoffs)
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
    churn = ChurnDefinition("subscription")
    assert labelled_rows(subscription_log(subscriptions), churn, pd.to_datetime(["2024-03-10"])).empty


def test_an_end_exactly_at_the_cutoff_counts_as_churn_not_as_known() -> None:
    subscriptions = pd.DataFrame(
        {"account_id": ["a"], "start_date": [pd.Timestamp("2023-01-01")], "end_date": [pd.Timestamp("2024-03-01")]}
    )
    churn = ChurnDefinition("subscription", horizon_days=30, grace_days=0)
    cutoff = pd.to_datetime(["2024-03-01"])
    rows = labelled_rows(subscription_log(subscriptions), churn, cutoff)
    assert rows["churned"].tolist() == [True]
