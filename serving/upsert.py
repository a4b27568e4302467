"""Rows put into the store in place of those with the same key, in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_
from sqlalchemy.dialects import postgresql, sqlite

Record = Mapping[str, Any]
Derived = Callable[[Any], Mapping[str, ColumnElement[Any]]]


def upsert(
    connection: Connection,
    table: Table,
    records: Sequence[Record],
    newer_by: str | None = None,
    derived: Derived | None = None,
) -> None:
    """Write records, each with every column of the table and no key twice.

    `newer_by` names a column: a row stays where it says more than the record does. `derived` says, given the record,
    which columns of a row that is there follow from what it held.
    """
    if not records:
        return
    # Writers that take rows in one order never wait for each other in a circle.
    keys = [column.name for column in table.primary_key]
    in_order = sorted(map(dict, records), key=lambda record: [record[key] for key in keys])
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(table)
    values = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    values |= derived(insert.excluded) if derived else {}
    where = None if newer_by is None else _is_newer(table, insert.excluded, newer_by)
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=values, where=where), in_order)


def _is_newer(table: Table, excluded: Any, column: str) -> ColumnElement[bool]:
    held = table.c[column]
    return or_(held.is_(None), held <= excluded[column])
