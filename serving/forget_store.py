"""One account erased from the online store: its rows, and the bytes they left in the database's files."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from serving.store import Store
from serving.store_tables import DUE, FEATURE_ROWS, HISTORIES, LIVE_ROWS, SCORES, WEBHOOKS
from serving.tombstones import Tombstones

TABLES = (FEATURE_ROWS, SCORES, HISTORIES, LIVE_ROWS, DUE, WEBHOOKS)
PARENT = "parent_account_id"


def erase_from_store(store: Store, account_id: str, now: float) -> dict[str, int]:
    """Delete an account's rows and remember, hashed, that it is not to come back; return how many rows by table.

    Live rows of other accounts that name it as their parent lose that name.
    """
    with store.alone() as connection:
        if store.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        erased = {table.name: _deleted(connection, table, account_id) for table in TABLES}
        erased[f"{LIVE_ROWS.name}, as a parent"] = _orphaned(connection, account_id)
        Tombstones(store).put(connection, account_id, now)
    return {name: n for name, n in erased.items() if n}


def _deleted(connection: Connection, table: Table, account_id: str) -> int:
    return connection.execute(delete(table).where(table.c.account_id == account_id)).rowcount


def _orphaned(connection: Connection, account_id: str) -> int:
    """Take the parent out of the rows of children; the likeness is only a first sieve."""
    is_near = (LIVE_ROWS.c.table_name == "accounts") & LIVE_ROWS.c.row.contains(json.dumps(account_id), autoescape=True)
    children = [row for row in connection.execute(select(LIVE_ROWS).where(is_near)) if _parent(row.row) == account_id]
    for child in children:
        said = json.loads(child.row) | {PARENT: None}
        is_it = (LIVE_ROWS.c.table_name == child.table_name) & (LIVE_ROWS.c.row_key == child.row_key)
        connection.execute(update(LIVE_ROWS).where(is_it).values(row=json.dumps(said)))
    return len(children)


def _parent(row: str) -> Any:
    return json.loads(row).get(PARENT)


def wipe(store: Store) -> str | None:
    """Have the database give up the bytes of deleted rows; return what could not be wiped yet, None where all was."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if store.engine.dialect.name != "sqlite":
            for table in TABLES:
                connection.exec_driver_sql(f"VACUUM {table.name}")
            return "the database's own write-ahead log, archives and backups, until they are overwritten or expire"
        connection.exec_driver_sql("VACUUM")
        is_busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
    busy = "the write-ahead log of the online store, until who reads it now is done; run forget again then"
    return busy if is_busy else None
