"""One account erased from the online store: its rows, and the bytes they left in the database's files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from features.plain_rows import packed, row_of, row_text, unpacked
from serving.store import Store
from serving.store_tables import ACCOUNTS, FEATURE_ROWS, HISTORIES, LISTED, LIVE_ROWS, SCORES, WEBHOOKS
from serving.tombstones import bury

OWN = (FEATURE_ROWS, SCORES, LISTED, HISTORIES, LIVE_ROWS, ACCOUNTS, WEBHOOKS)


def erase_from_store(store: Store, account_id: str, now: float) -> dict[str, int]:
    """Delete an account's rows and remember, hashed, that it is not to come back; return how many rows by table.

    Accounts below it lose its name, and are computed anew.
    """
    with store.alone() as connection:
        if store.is_sqlite:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        children = list(connection.scalars(select(ACCOUNTS.c.account_id).where(_is_below(account_id))))
        for child in children:
            _orphan(connection, child, account_id)
        erased = {table.name: _deleted(connection, table, account_id) for table in OWN}
        bury(connection, account_id, now)
    return {name: n for name, n in {**erased, "as a parent": len(children)}.items() if n}


def _is_below(account_id: str) -> Any:
    return ACCOUNTS.c.parent_account_id == account_id


def _deleted(connection: Connection, table: Table, account_id: str) -> int:
    return connection.execute(delete(table).where(table.c.account_id == account_id)).rowcount


def _orphan(connection: Connection, child: str, parent: str) -> None:
    """Take the parent out of all that is kept of a child."""
    own = ACCOUNTS.c.account_id == child
    version = int(connection.scalar(select(ACCOUNTS.c.version).where(own)) or 0) + 1
    connection.execute(update(ACCOUNTS).where(own).values(parent_account_id=None, refresh_at=0.0, version=version))
    history = connection.scalar(select(HISTORIES.c.rows).where(HISTORIES.c.account_id == child))
    if history is not None:
        rows = {table: [_without(row, parent) for row in own] for table, own in unpacked(history).items()}
        connection.execute(update(HISTORIES).where(HISTORIES.c.account_id == child).values(rows=packed(rows)))
    for live in connection.execute(select(LIVE_ROWS).where(LIVE_ROWS.c.account_id == child)).all():
        row = _without(row_of(live.table_name, live.row), parent)
        is_it = (LIVE_ROWS.c.table_name == live.table_name) & (LIVE_ROWS.c.row_key == live.row_key)
        connection.execute(update(LIVE_ROWS).where(is_it).values(row=row_text(row), version=version))


def _without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {column: None if value == name else value for column, value in row.items()}


def wipe(store: Store) -> str | None:
    """Have the database give up the bytes of deleted rows; return what could not be wiped yet, None where all was."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not store.is_sqlite:
            for table in OWN:
                connection.exec_driver_sql(f"VACUUM {table.name}")
            return "the database's own write-ahead log, archives and backups, until they are overwritten or expire"
        connection.exec_driver_sql("VACUUM")
        is_busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
    busy = "the write-ahead log of the online store, until who reads it now is done; run forget again then"
    return busy if is_busy else None
