"""Rows of tables by their keys: those of the batch, and live ones in their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from features.rules import Row
from features.tables import TABLES


def key_of(table: str, row: Row) -> tuple[str, ...]:
    """Return what tells a row from all others.

    >>> key_of("cases", {"case_id": "c", "account_id": "a"})
    ('cases', 'c')
    """
    return (table, *(str(row.get(name)) for name in TABLES[table].key))


def merged(batch: Mapping[str, Iterable[Row]], live: Iterable[tuple[str, Row]]) -> dict[str, list[Row]]:
    """Return the rows by table, live ones (pairs of table and row) in place of those of the batch with the same key."""
    found: dict[str, dict[tuple[str, ...], Row]] = {}
    for name, rows in batch.items():
        found[name] = {key_of(name, row): row for row in rows}
    for name, row in live:
        found.setdefault(name, {})[key_of(name, row)] = row
    return {name: list(rows.values()) for name, rows in found.items()}
