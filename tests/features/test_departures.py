"""Departures against what was written by hand, and against the labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from features.departures import departures
from features.labels import ChurnDefinition
from features.log import LOG_COLUMNS, EventLog, to_log

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
