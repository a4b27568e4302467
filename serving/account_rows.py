"""All rows that the store holds of accounts, as they came: of the batch, and live."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from features.keyed_rows import merged
from features.plain_rows import unpacked
from features.rules import Row
from serving.live_rows import Since, rows_since
from serving.store_tables import HISTORIES

_PACKED = select(HISTORIES.c.account_id, HISTORIES.c.rows).where(
    HISTORIES.c.account_id.in_(bindparam("account_ids", expanding=True))
)


def rows_of(connection: Connection, account_ids: Sequence[str]) -> dict[str, dict[str, list[Row]]]:
    """Return all that the store holds of accounts: by account and table its rows, of the batch and live ones."""
    packed = dict(connection.execute(_PACKED, {"account_ids": account_ids}).all())
    live = rows_since(connection, [Since(account_id, -1) for account_id in account_ids])
    return {
        account_id: merged(
            unpacked(packed[account_id]) if account_id in packed else {},
            [(table, row) for table, row, _ in live[account_id]],
        )
        for account_id in account_ids
    }
