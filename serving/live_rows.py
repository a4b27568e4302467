"""Rows that came over HTTP, as the store keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, or_, select

from features.plain_rows import row_of
from features.rules import Row
from serving.store_tables import LIVE_ROWS
from serving.upsert import upsert

_HELD = select(LIVE_ROWS.c.row_key, LIVE_ROWS.c.account_id, LIVE_ROWS.c.row).where(
    LIVE_ROWS.c.table_name == bindparam("table_name"), LIVE_ROWS.c.row_key.in_(bindparam("keys", expanding=True))
)


@dataclass(frozen=True, slots=True)
class LiveRow:
    """A row that came: of which table and account, its key, and itself as JSON (`features.plain_rows.row_text`)."""

    table: str
    key: str
    account_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Since:
    """Of an account, the rows after a version."""

    account_id: str
    version: int


def held_rows(connection: Connection, table: str, keys: Sequence[str]) -> dict[str, LiveRow]:
    """Return the live rows of a table that have one of some keys, by key."""
    found = connection.execute(_HELD, {"table_name": table, "keys": keys})
    return {key: LiveRow(table, key, account_id, text) for key, account_id, text in found}


def write_live_rows(connection: Connection, rows: Iterable[tuple[LiveRow, int]], now: float) -> None:
    """Write rows, each with the version of its account from then on, in place of those with the same key."""
    records = [
        {
            "table_name": row.table,
            "row_key": row.key,
            "account_id": row.account_id,
            "version": version,
            "row": row.text,
            "received_at": now,
        }
        for row, version in rows
    ]
    upsert(connection, LIVE_ROWS, records)


def rows_since(connection: Connection, wanted: Sequence[Since]) -> dict[str, list[tuple[str, Row, int]]]:
    """Return rows later than a version of each account, by account: table, row, version, the first to come first."""
    found: dict[str, list[tuple[str, Row, int]]] = {each.account_id: [] for each in wanted}
    if not wanted:
        return found
    late = [and_(LIVE_ROWS.c.account_id == each.account_id, LIVE_ROWS.c.version > each.version) for each in wanted]
    columns = (LIVE_ROWS.c.table_name, LIVE_ROWS.c.row, LIVE_ROWS.c.version, LIVE_ROWS.c.account_id)
    query = select(*columns).where(or_(*late)).order_by(LIVE_ROWS.c.version, LIVE_ROWS.c.row_key)
    for table, text, version, account_id in connection.execute(query):
        found[account_id].append((table, row_of(table, text), version))
    return found
