"""Who had which experience in the 90 days before a quarter's start, as the tables show it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.company.arrays import Array

WINDOW = pd.Timedelta(days=90)
SLOW_HOURS, QUICK_HOURS = 24.0, 8.0
EVENTS = {"outage": "outage", "billing_error": "billing_error", "price_rise": "price_rise_announced"}
REAL = ("first_response", "outage", "billing_error", "price_rise", "champion_exit", "success_call")
"""The drivers that do something to churn."""


def exposed(tables: Mapping[str, pd.DataFrame], driver: str, as_of: pd.Timestamp) -> Array:
    """Return the account_id of those that had it: a median first response of 24 hours or more, or at least one."""
    if driver == "first_response":
        cases = tables["cases"]
        answered = cases[_within(cases["first_response_at"], as_of)]
        hours = (answered["first_response_at"] - answered["opened_at"]).dt.total_seconds() / 3600
        median = hours.groupby(answered["account_id"]).median()
        return median[median >= SLOW_HOURS].index.to_numpy()
    if driver in EVENTS:
        activities = tables["activities"]
        rows = activities[(activities["event"] == EVENTS[driver]) & _within(activities["occurred_at"], as_of)]
    elif driver == "champion_exit":
        contacts = tables["contacts"]
        rows = contacts[contacts["is_primary"].to_numpy() & _within(contacts["active_to"], as_of)]
    else:
        calls = tables["interventions"]
        rows = calls[(calls["kind"] == driver) & _within(calls["delivered_at"], as_of)]
    return np.asarray(rows["account_id"].unique())


def _within(at: pd.Series, as_of: pd.Timestamp) -> Array:
    return np.asarray((at >= as_of - WINDOW) & (at < as_of))
