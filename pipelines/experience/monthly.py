"""What accounts paid and did a month: sums, made before anything is held in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.experience.known import known_rows

if TYPE_CHECKING:
    import ibis

    from features.warehouse import Warehouse

IN, OUT, PURCHASE = "in", "out", "purchase"


def month_of(times: pd.Series) -> pd.Series:
    """Return the first day of each time's month.

    >>> month_of(pd.Series(pd.to_datetime(["2025-03-09 12:00"]))).dt.strftime("%Y-%m-%d").tolist()
    ['2025-03-01']
    """
    first: pd.Series = pd.Series(times.to_numpy().astype("datetime64[M]").astype("datetime64[us]"), times.index)
    return first


def revenue_months(subscriptions: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return account_id, month and mrr (money a month, at the end of the month) of the whole months before `as_of`."""
    paid = subscriptions[subscriptions["mrr"].fillna(0) > 0]
    empty = pd.DataFrame({"account_id": pd.Series(dtype="str"), "month": pd.Series(dtype="datetime64[us]"), "mrr": 0.0})
    if paid.empty:
        return empty
    # Months are numbered: one that has begun counts with what runs at its end.
    start = _number(paid["start_date"]).to_numpy()
    last = as_of.year * 12 + as_of.month - 1
    end = np.minimum(_number(paid["end_date"]).fillna(last).to_numpy(), last)
    lasts = np.maximum(end - start, 0).astype(np.int64)
    row = np.repeat(np.arange(len(paid)), lasts)
    number = np.repeat(start, lasts) + np.arange(len(row)) - np.repeat(np.cumsum(lasts) - lasts, lasts)
    owner, mrr = paid["account_id"].to_numpy()[row], paid["mrr"].to_numpy(dtype=float)[row]
    summed = pd.DataFrame({"account_id": owner, "number": number.astype(np.int64), "mrr": mrr})
    by_month = summed.groupby(["account_id", "number"])["mrr"].sum().reset_index()
    return by_month.assign(month=_first_day(by_month["number"]))[["account_id", "month", "mrr"]]


def activity_months(warehouse: Warehouse, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return account_id, month, stream, n and days (with any) of activities and transactions, summed in the engine."""
    parts = [part for part in (_activities(warehouse, as_of), _purchases(warehouse, as_of)) if part is not None]
    if not parts:
        return no_activity()
    sums = pd.concat([part.to_pyarrow().to_pandas() for part in parts], ignore_index=True)
    sums = sums.assign(month=sums["month"].astype("datetime64[us]"))
    # An engine hands out sums in any order.
    found: pd.DataFrame = sums.sort_values(["account_id", "month", "stream"], ignore_index=True)
    return found


def no_activity() -> pd.DataFrame:
    """Return the columns of `activity_months` without a row."""
    names = {"account_id": "str", "month": "datetime64[us]", "stream": "str", "n": "int64", "days": "int64"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in names.items()})


def _activities(warehouse: Warehouse, as_of: pd.Timestamp) -> ibis.Table | None:
    rows = known_rows(warehouse, "activities", as_of)
    if rows is None:
        return None
    is_out = (rows["direction"] == OUT).fill_null(False)
    return _summed(rows.mutate(stream=is_out.ifelse(OUT, IN)))


def _purchases(warehouse: Warehouse, as_of: pd.Timestamp) -> ibis.Table | None:
    import ibis

    rows = known_rows(warehouse, "transactions", as_of)
    if rows is None:
        return None
    return _summed(rows.filter(rows["amount"] > 0).mutate(stream=ibis.literal(PURCHASE)))


def _summed(rows: Any) -> ibis.Table:
    at = rows["occurred_at"]
    by = rows.mutate(month=at.truncate("M"), day=at.truncate("D")).group_by("account_id", "month", "stream")
    summed: ibis.Table = by.aggregate(n=lambda own: own.count(), days=lambda own: own["day"].nunique())
    return summed


def _number(times: pd.Series) -> pd.Series:
    number: pd.Series = times.dt.year * 12 + times.dt.month - 1
    return number


def _first_day(number: pd.Series) -> pd.Series:
    months = pd.DataFrame({"year": number // 12, "month": number % 12 + 1, "day": 1})
    return pd.to_datetime(months).astype("datetime64[us]")
