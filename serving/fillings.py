"""Filling the store from the batch: every account's rows of the contract's tables, a few hundred accounts at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from features.labels import ChurnDefinition
from features.plain_rows import Row, micros, packed, row_of, row_text
from serving import accounts
from serving.store import Store
from serving.store_tables import ACCOUNTS, FEATURE_ROWS, FILLINGS, HISTORIES, LISTED, LIVE_ROWS, SCORES
from serving.tombstones import tombstones_of
from serving.upsert import upsert

if TYPE_CHECKING:
    from features.warehouse import Warehouse

History = dict[str, list[Row]]
ACCOUNTS_AT_ONCE = 200
ROWS_AT_ONCE = 100_000
NO_HISTORY = frozenset({"touchpoints", "observations", "event_log"})

_FILLED = (
    update(ACCOUNTS)
    .where(ACCOUNTS.c.account_id == bindparam("of"))
    .values(
        batch=bindparam("number"),
        parent_account_id=bindparam("above"),
        created_at=bindparam("came"),
        refresh_at=0.0,
    )
)


def current_churn(connection: Connection) -> ChurnDefinition | None:
    """Return what churn is, as the latest filling says; None before the first."""
    said = connection.scalar(select(FILLINGS.c.churn).order_by(FILLINGS.c.batch.desc()).limit(1))
    return None if said is None else ChurnDefinition(**json.loads(said))


def begin_filling(store: Store, churn: ChurnDefinition, now: float) -> int:
    """Return the number of a new filling."""
    with store.alone() as connection:
        number = int(connection.scalar(select(func.coalesce(func.max(FILLINGS.c.batch), 0))) or 0) + 1
        said = json.dumps(asdict(churn))
        connection.execute(insert(FILLINGS).values(batch=number, started_at=now, ended_at=None, churn=said))
    return number


def histories(warehouse: Warehouse, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[dict[str, History]]:
    """Yield the rows of all accounts by account and table, for some accounts at a time; every account has its own."""
    tables = {
        name: table
        for name, table in warehouse.tables.items()
        if name not in NO_HISTORY and "account_id" in table.columns
    }
    n_rows = sum(int(table.count().to_pyarrow().as_py()) for table in tables.values())
    n_parts = max(1, -(-n_rows // rows_at_once))
    for part in range(n_parts):
        found: dict[str, History] = {}
        for name, table in tables.items():
            # A remainder has the sign of what is divided.
            own = table.filter((table["account_id"].hash() % n_parts + n_parts) % n_parts == part)
            own = own.drop("_row") if "_row" in own.columns else own
            for row in own.to_pyarrow().to_pylist():
                found.setdefault(row["account_id"], {}).setdefault(name, []).append(row)
        yield found


def fill(store: Store, number: int, found: Mapping[str, History]) -> None:
    """Put histories in place of the accounts' former ones; live rows that they hold just so are live no more."""
    found = _unforgotten(store, found)
    account_ids = sorted(found)
    for begin in range(0, len(account_ids), ACCOUNTS_AT_ONCE):
        some = account_ids[begin : begin + ACCOUNTS_AT_ONCE]
        with store.writing() as connection:
            _fill(connection, number, {account_id: found[account_id] for account_id in some})


def _unforgotten(store: Store, found: Mapping[str, History]) -> Mapping[str, History]:
    """Histories without those of forgotten accounts, nor their names as parents."""
    tombstones = tombstones_of(store)
    gone = tombstones.among(found)
    parents = {row["parent_account_id"] for own in found.values() for row in own.get("accounts", []) if _parent(row)}
    hidden = tombstones.among(parents)
    kept = {account_id: rows for account_id, rows in found.items() if account_id not in gone}
    for rows in kept.values() if hidden else ():
        rows["accounts"] = [
            {**row, "parent_account_id": None} if _parent(row) in hidden else row for row in rows.get("accounts", [])
        ]
    return kept


def _parent(row: Row) -> str | None:
    found: str | None = row.get("parent_account_id")
    return found


def _fill(connection: Connection, number: int, found: Mapping[str, History]) -> None:
    accounts.add(connection, found)
    accounts.locked(connection, found)
    upsert(connection, HISTORIES, [{"account_id": a, "rows": packed(rows)} for a, rows in found.items()])
    own = {a: rows["accounts"][0] for a, rows in found.items() if rows.get("accounts")}
    own |= _drop_held(connection, found)
    places = [
        {
            "of": account_id,
            "number": number,
            "above": own.get(account_id, {}).get("parent_account_id"),
            "came": _micros_or_none(own.get(account_id, {}).get("created_at")),
        }
        for account_id in sorted(found)
    ]
    connection.execute(_FILLED, places)


def _drop_held(connection: Connection, found: Mapping[str, History]) -> dict[str, Row]:
    """Delete the live rows that the batch holds just so; return those of `accounts` that stay, by account."""
    live = connection.execute(
        select(LIVE_ROWS.c.table_name, LIVE_ROWS.c.row_key, LIVE_ROWS.c.account_id, LIVE_ROWS.c.row).where(
            LIVE_ROWS.c.account_id.in_(sorted(found))
        )
    ).all()
    owners = {row.account_id for row in live}
    texts = {(name, row_text(row)) for a in owners for name, rows in found[a].items() for row in rows}
    is_held = [(row.table_name, row.row) in texts for row in live]
    dropped = [{"name": row.table_name, "key": row.row_key} for row, held in zip(live, is_held, strict=True) if held]
    if dropped:
        own = (LIVE_ROWS.c.table_name == bindparam("name"), LIVE_ROWS.c.row_key == bindparam("key"))
        connection.execute(delete(LIVE_ROWS).where(*own), dropped)
    stays = [row for row, held in zip(live, is_held, strict=True) if row.table_name == "accounts" and not held]
    return {row.account_id: row_of("accounts", row.row) for row in stays}


def end_filling(store: Store, number: int, now: float) -> int:
    """Forget the accounts that are in no batch any more and came by no event; return how many."""
    with store.alone() as connection:
        before = select(ACCOUNTS.c.account_id).where(ACCOUNTS.c.batch < number)
        came_live = select(LIVE_ROWS.c.account_id).where(LIVE_ROWS.c.table_name == "accounts")
        gone = list(connection.scalars(before.where(ACCOUNTS.c.account_id.not_in(came_live))))
        stay = list(connection.scalars(before))
        for account_ids in _in_parts(gone):
            for table in (HISTORIES, LIVE_ROWS, FEATURE_ROWS, SCORES, LISTED, ACCOUNTS):
                connection.execute(delete(table).where(table.c.account_id.in_(account_ids)))
        for account_ids in _in_parts(stay):
            connection.execute(delete(HISTORIES).where(HISTORIES.c.account_id.in_(account_ids)))
            left = ACCOUNTS.c.account_id.in_(account_ids)
            connection.execute(update(ACCOUNTS).where(left).values(batch=number, refresh_at=0.0))
        connection.execute(update(FILLINGS).where(FILLINGS.c.batch == number).values(ended_at=now))
    return len(gone)


def _in_parts(account_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (account_ids[begin : begin + 1_000] for begin in range(0, len(account_ids), 1_000))


def _micros_or_none(at: Any) -> int | None:
    return None if at is None else micros(at)
