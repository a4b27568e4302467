"""When knowledge begins and ends, and the as-of dates between."""

from __future__ import annotations

import pandas as pd

from features.errors import DataError
from features.sources import Warehouse
from features.tables import TABLES


def monthly_cutoffs(first: pd.Timestamp, until: pd.Timestamp, history_days: int) -> pd.DatetimeIndex:
    """Return the first of every month that has `history_days` before it, up to `until`.

    >>> monthly_cutoffs(pd.Timestamp("2024-01-10"), pd.Timestamp("2024-06-01"), 30).strftime("%m-%d").tolist()
    ['03-01', '04-01', '05-01', '06-01']
    """
    months = pd.date_range(first.normalize(), until, freq="MS")
    return months[months >= first + pd.Timedelta(days=history_days)]


def observed_from(warehouse: Warehouse) -> pd.Timestamp:
    """The first thing that is known to have happened, subscriptions apart: where knowledge begins.

    Subscriptions often reach back to before the records do, and then only of customers who were still there when these
    began: as-of dates among them would show a time in which nobody ever left.
    """
    return min(_times(warehouse, "min"))


def observed_until(warehouse: Warehouse, today: pd.Timestamp | None = None) -> pd.Timestamp:
    """The day after the last thing that is known to have happened, today at most: where knowledge ends.

    Subscriptions apart, for theirs may be booked ahead. A row that is dated after today is a mistake, not knowledge.
    """
    until = max(_times(warehouse, "max")).normalize() + pd.Timedelta(days=1)
    return until if today is None else min(until, today.normalize() + pd.Timedelta(days=1))


def _times(warehouse: Warehouse, end: str) -> list[pd.Timestamp]:
    """The first or last time of every table with events; of subscriptions only where there is nothing else."""
    dated = [name for name, table in TABLES.items() if table.happened and name in warehouse.tables]
    if len(dated) > 1:
        dated = [name for name in dated if name != "subscriptions"]
    columns = [warehouse.tables[name][str(TABLES[name].happened)] for name in dated]
    times = [(column.min() if end == "min" else column.max()).to_pyarrow().as_py() for column in columns]
    if not times:
        raise DataError.of("no table with events", "at least one", "map activities, transactions or subscriptions")
    return [pd.Timestamp(time) for time in times]
