"""Rows of the contract as JSON, times as whole microseconds, and back without loss."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from features.tables import TABLES

Row = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_TIMES = {
    name: tuple(column.name for column in table.columns if column.kind == "timestamp") for name, table in TABLES.items()
}


def micros(at: datetime) -> int:
    """Return a time (naive: UTC) as microseconds since 1970, exactly.

    >>> micros(datetime(1970, 1, 1, 0, 0, 1))
    1000000
    """
    return ((at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)) - _EPOCH) // _MICROSECOND


def instant(at: int) -> datetime:
    """Return microseconds since 1970 as a naive time in UTC."""
    return _EPOCH + timedelta(microseconds=at)


def row_text(row: Row) -> str:
    """Return a row as JSON, the same for rows that are the same; missing values are left out.

    >>> row_text({"case_id": "c", "opened_at": datetime(1970, 1, 1), "closed_at": None})
    '{"case_id":"c","opened_at":0}'
    """
    return json.dumps(_plain(row), sort_keys=True, separators=(",", ":"), allow_nan=False)


def row_of(table: str, text: str) -> dict[str, Any]:
    """Return the row of a table that `row_text` wrote."""
    return _timed(table, json.loads(text))


def packed(rows: Mapping[str, Iterable[Row]]) -> bytes:
    """Return rows by table, compressed.

    >>> unpacked(packed({"cases": [{"case_id": "c", "opened_at": datetime(2026, 1, 31)}]}))
    {'cases': [{'case_id': 'c', 'opened_at': datetime.datetime(2026, 1, 31, 0, 0)}]}
    """
    plain = {name: [_plain(row) for row in own] for name, own in rows.items()}
    return zlib.compress(json.dumps(plain, separators=(",", ":"), allow_nan=False).encode(), 1)


def unpacked(packed_rows: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return the rows by table that `packed` wrote."""
    found: Mapping[str, Sequence[dict[str, Any]]] = json.loads(zlib.decompress(packed_rows))
    return {name: [_timed(name, row) for row in rows] for name, rows in found.items()}


def _plain(row: Row) -> dict[str, Any]:
    there = {name: value for name, value in row.items() if value is not None}
    return {name: micros(value) if isinstance(value, datetime) else value for name, value in there.items()}


def _timed(table: str, row: dict[str, Any]) -> dict[str, Any]:
    for name in _TIMES[table]:
        if name in row:
            row[name] = instant(row[name])
    return row
