"""Tables as they were known before a date: rows that happened later are gone, and so is what rows came to say later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from features.tables import TABLES

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from features.warehouse import Warehouse

LATER: Mapping[str, tuple[str, ...]] = {
    "contacts": ("active_to",),
    "subscriptions": ("end_date",),
    "cases": ("first_response_at", "closed_at"),
    "interventions": ("delivered_at",),
}
"""Times that a row gets after it came to be: not known while they lie ahead."""
AT_CLOSING = ("is_escalated", "reopened_count")
"""What happened to a case in between has no time of its own: it is known for sure when the case is closed."""
SINCE = {"accounts": "created_at", "contacts": "active_from"}
"""Since when there are rows of tables that are no events; a row without a time was always there."""


def known_rows(warehouse: Warehouse, name: str, as_of: pd.Timestamp) -> ibis.Table | None:
    """Return the contract's columns of a table as they were known strictly before `as_of`; None where it is not mapped.

    Of events both the time they happened and, where it is there, the time they were recorded lie before `as_of`.
    """
    if name not in warehouse.tables:
        return None
    rows, table = warehouse.tables[name], TABLES[name]
    date = _literal(as_of)
    start = table.happened or SINCE.get(name)
    if start is not None:
        is_known = rows[start] < date
        rows = rows.filter(is_known if table.happened else is_known | rows[start].isnull())
    if table.column("recorded_at"):
        rows = rows.filter(rows["recorded_at"].isnull() | (rows["recorded_at"] < date))
    rows = rows.mutate(**{column: _unless_later(rows[column], date) for column in LATER.get(name, ())})
    if name == "cases":
        rows = rows.mutate(**{column: rows["closed_at"].notnull().ifelse(rows[column], None) for column in AT_CLOSING})
    known: ibis.Table = rows.select(*(column.name for column in table.columns if column.name != "recorded_at"))
    return known


def _unless_later(time: Any, date: Any) -> Any:
    return (time < date).ifelse(time, None)


def _literal(as_of: pd.Timestamp) -> Any:
    import ibis

    return ibis.literal(as_of.to_pydatetime(), type="timestamp")
