"""When contracts are renewed next."""

from __future__ import annotations

import numpy as np
import pandas as pd


def next_renewal(subscriptions: pd.DataFrame, at: pd.Timestamp) -> pd.Series[pd.Timestamp]:
    """Return by account when the contract that runs at a moment is renewed next, the latest of several.

    Counted from its start in whole periods; an account without a period or a running contract is not there.

    >>> rows = pd.DataFrame({"account_id": ["a"], "start_date": pd.to_datetime(["2024-01-31"]), "end_date": pd.NaT,
    ...                      "billing_period_months": [12.0]})
    >>> next_renewal(rows, pd.Timestamp("2025-06-01")).dt.strftime("%Y-%m-%d").to_dict()
    {'a': '2026-01-31'}
    """
    ends = pd.to_datetime(subscriptions["end_date"])
    periods = subscriptions["billing_period_months"].astype(float)
    runs = (subscriptions["start_date"] <= at) & (ends.isna() | (ends > at)) & (periods >= 1)
    own, period = subscriptions[runs], periods[runs].to_numpy().astype(np.int64)
    start = own["start_date"].to_numpy().astype("datetime64[us]")
    month, into = start.astype("datetime64[M]"), start - start.astype("datetime64[M]").astype("datetime64[us]")
    now = np.datetime64(at.isoformat(), "us")
    since = (now.astype("datetime64[M]") - month).astype(np.int64)
    dates = _after(month, into, (since // period) * period)
    # In the month of a renewal it may lie before or after.
    dates = np.where(dates > now, dates, _after(month, into, (since // period + 1) * period))
    return pd.Series(dates).groupby(own["account_id"].astype(str).to_numpy()).max()


def _after(month: np.ndarray, into: np.ndarray, months: np.ndarray) -> np.ndarray:
    """So many months later, on the same day or the month's last."""
    first = (month + months).astype("datetime64[us]")
    last = (month + months + 1).astype("datetime64[us]") - np.timedelta64(1, "D")
    dates: np.ndarray = np.minimum(first + into, last)
    return dates
