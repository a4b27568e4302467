"""Departures against what was written by hand, and against the labels."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from features.departures import departures, read_departures
from features.labels import ChurnDefinition
from features.log import LOG_COLUMNS, EventLog, to_log
from features.panel import PanelSettings

CHURN = ChurnDefinition("subscription", horizon_days=90, grace_days=30)


def log_of(rows: list[tuple[str, str, str, float | None]]) -> EventLog:
    """The log of account, date, stream and value."""
    events = pd.DataFrame(rows, columns=["account_id", "at", "stream", "value"])
    events["at"] = pd.to_datetime(events["at"]).astype("datetime64[us]")
    missing = {name: None for name in LOG_COLUMNS if name not in (*events.columns, "known_at")}
    events = events.assign(known_at=events["at"], **missing)[list(LOG_COLUMNS)]
    return to_log(pa.Table.from_pandas(events.astype({"value": "float64"}), preserve_index=False))


def test_the_way_of_leaving_follows_from_what_was_signed_and_done() -> None:
    log = log_of([
        ("active", "2024-01-01", "subscribed", None), ("active", "2024-01-01", "auto_renew", 1.0),
        ("active", "2024-05-25", "activity", None), ("active", "2024-06-01", "unsubscribed", None),
        ("lapsed", "2024-01-01", "subscribed", None), ("lapsed", "2024-01-01", "auto_renew", 0.0),
        ("lapsed", "2024-06-01", "unsubscribed", None),
        ("silent", "2024-01-01", "subscribed", None), ("silent", "2024-02-01", "activity", None),
        ("silent", "2024-06-01", "unsubscribed", None),
        ("unsaid", "2024-01-01", "subscribed", None), ("unsaid", "2024-06-01", "unsubscribed", None),
        ("stays", "2024-01-01", "subscribed", None),
    ])  # fmt: skip
    found = departures(log, CHURN)
    assert (found["left_at"] == "2024-06-01").all()
    assert dict(zip(found["account_id"], found["way"], strict=True)) == {
        "active": "cancelled", "lapsed": "not renewed", "silent": "went silent", "unsaid": "cancelled",
    }  # fmt: skip


def test_who_returns_within_the_grace_did_not_leave() -> None:
    log = log_of([
        ("back", "2024-01-01", "subscribed", None), ("back", "2024-06-01", "unsubscribed", None),
        ("back", "2024-06-20", "subscribed", None),
        ("later", "2024-01-01", "subscribed", None), ("later", "2024-06-01", "unsubscribed", None),
        ("later", "2024-07-20", "subscribed", None), ("later", "2024-09-01", "unsubscribed", None),
    ])  # fmt: skip
    found = departures(log, CHURN)
    assert list(zip(found["account_id"], found["left_at"].dt.month, strict=True)) == [("later", 6), ("later", 9)]


def test_an_account_that_falls_silent_leaves_when_its_silence_is_complete() -> None:
    log = log_of([("A", "2024-01-01", "activity", None), ("A", "2024-02-01", "activity", None)])
    found = departures(log, ChurnDefinition("inactivity", inactive_days=90))
    assert found["left_at"].tolist() == [pd.Timestamp("2024-02-01") + np.timedelta64(90, "D")]
    assert found["way"].tolist() == ["went silent"]


def sold(account: str, start: str, end: str | None, mrr: float, **also: object) -> dict[str, object]:
    return {"account_id": account, "start_date": start, "end_date": end, "mrr": mrr, **also}


def subscriptions(rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows).assign(subscription_id=[f"s{i}" for i in range(len(rows))])
    dates = {name: pd.to_datetime(frame[name]) for name in ("start_date", "end_date")}
    return frame.assign(**dates)


def ways_of(open_tables, rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = subscriptions(rows)
    tables = {"accounts": pd.DataFrame({"account_id": frame["account_id"].unique()}), "subscriptions": frame}
    found = read_departures(open_tables(tables), CHURN, PanelSettings())
    assert found is not None
    return found.set_index("account_id")


def test_who_was_cut_before_leaving_was_downgraded_unless_it_left_in_mid_term(open_tables) -> None:
    term = {"billing_period_months": 12.0}
    found = ways_of(open_tables, [
        sold("cut", "2023-01-01", "2024-02-01", 100.0), sold("cut", "2024-02-01", "2024-06-01", 60.0),
        sold("mid-term", "2023-01-01", "2024-02-01", 100.0), sold("mid-term", "2024-02-01", "2024-06-01", 60.0, **term),
        sold("at term", "2022-01-01", "2024-02-01", 100.0), sold("at term", "2023-06-01", "2024-06-01", 60.0, **term),
        sold("raised", "2023-01-01", "2024-02-01", 60.0), sold("raised", "2024-02-01", "2024-06-01", 100.0),
        sold("long ago", "2023-01-01", "2023-10-01", 100.0), sold("long ago", "2023-10-01", "2024-06-01", 60.0),
        sold("in steps", "2023-01-01", "2024-05-20", 100.0), sold("in steps", "2023-01-01", "2024-06-01", 60.0),
        sold("renewed", "2023-01-01", "2024-02-01", 60.0), sold("renewed", "2024-02-01", "2024-06-01", 60.0),
    ])  # fmt: skip
    assert found["way"].to_dict() == {
        "cut": "downgraded", "mid-term": "cancelled", "at term": "downgraded", "raised": "cancelled",
        "long ago": "cancelled", "in steps": "cancelled", "renewed": "cancelled",
    }  # fmt: skip


def test_downgrades_are_those_that_sql_finds_day_by_day(open_tables) -> None:
    rng = np.random.default_rng(3)
    rows = []
    for number in range(150):
        day = pd.Timestamp("2023-01-01")
        for _ in range(rng.integers(1, 5)):
            end = day + pd.Timedelta(days=int(rng.integers(20, 200)))
            rows.append(sold(f"a{number:03}", str(day), str(end), float(rng.choice([50.0, 100.0, 150.0]))))
            day = end - pd.Timedelta(days=int(rng.choice([0, 0, 15])))
    expected = (
        duckdb.from_df(subscriptions(rows))
        .query(
            "sales",
            """
        with left_at as (select account_id, max(end_date) as gone from sales group by account_id),
        days as (
            select account_id, gone,
                unnest(generate_series(gone - interval 180 day, gone - interval 30 day, interval 1 day)) as day
            from left_at
        ),
        worth as (
            select account_id, gone, day, sum(mrr) as mrr from days join sales using (account_id)
            where start_date <= day and day < end_date group by all
        )
        select account_id from worth group by account_id, gone
        having max(mrr) filter (day = gone - interval 30 day) < 0.99 * max(mrr) order by account_id
    """,
        )
        .df()["account_id"]
    )
    found = ways_of(open_tables, rows)["way"]
    assert found.eq("downgraded").sum() > 20
    assert found.index[found == "downgraded"].sort_values().tolist() == expected.tolist()


def test_every_departure_has_one_way_of_four() -> None:
    log = log_of([("a", "2024-01-01", "subscribed", None), ("a", "2024-06-01", "unsubscribed", None)])
    assert departures(log, CHURN)["way"].isin(["cancelled", "downgraded", "not renewed", "went silent"]).all()


def test_the_reason_that_was_given_is_told_and_none_is_made_up(open_tables) -> None:
    found = ways_of(open_tables, [
        sold("said", "2023-01-01", "2024-06-01", 60.0, end_reason="price"),
        sold("unsaid", "2023-01-01", "2024-06-01", 60.0, end_reason=None),
        sold("earlier", "2023-01-01", "2024-01-01", 60.0, end_reason="moved plan"),
        sold("earlier", "2024-01-01", "2024-06-01", 60.0, end_reason=None),
        sold("two", "2023-01-01", "2024-06-01", 60.0, end_reason="support"),
        sold("two", "2023-01-01", "2024-06-01", 60.0, end_reason="price"),
    ])  # fmt: skip
    assert found["reason"].dropna().to_dict() == {"said": "price", "two": "price"}
    assert found["reason"].isna().sum() == 2
