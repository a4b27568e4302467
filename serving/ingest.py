"""Rows that are sent to /events: read, checked, and on disk before it is said that they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from features.incoming import LONGEST_ID, Incoming, read_row
from features.plain_rows import row_of, row_text
from features.tables import TABLES, Table
from serving import accounts
from serving.errors import Refusal
from serving.event_payloads import TAKEN, EventsRequest, EventsTaken, RowTaken
from serving.live_rows import LiveRow, held_rows, write_live_rows
from serving.payloads import Detail
from serving.store import Store
from serving.tombstones import Tombstones

DOWN = "the online store does not answer, so nothing of this request was stored; send it again in a minute"
TRIES = 3
PARENT = "parent_account_id"


@dataclass
class _Sorted:
    """The rows of a request: what became of each by place, and those to be written by key."""

    results: dict[int, RowTaken] = field(default_factory=dict)
    changed: dict[str, LiveRow] = field(default_factory=dict)


class Ingest:
    """Takes rows into the store."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self.clock = clock

    def take(self, request: EventsRequest) -> EventsTaken:
        """Return what became of each row; what is accepted survives a crash.

        Raises
        ------
        Refusal
            When there is no such table, or the store does not answer: then nothing was stored.
        """
        table = _table(request.table)
        incoming = [read_row(table, row) for row in request.rows]
        for tried in range(1, TRIES + 1):
            try:
                with self.store.writing(is_durable=True) as connection:
                    found = self._sort(connection, table, incoming)
                break
            except OperationalError as problem:  # two that waited for each other: one of them has to begin anew
                if tried == TRIES:
                    raise Refusal("store_unavailable", DOWN) from problem
            except SQLAlchemyError as problem:
                raise Refusal("store_unavailable", DOWN) from problem
        results = [found.results[place] for place in range(len(incoming))]
        count = {status: sum(row.status == status for row in results) for status in ("accepted", "duplicate")}
        rejected = len(results) - sum(count.values())
        return EventsTaken(table=table.name, **count, rejected=rejected, results=results)

    def _sort(self, connection: Connection, table: Table, incoming: Sequence[Incoming]) -> _Sorted:
        rows = {
            place: LiveRow(table.name, each.row[table.key[0]], each.row["account_id"], row_text(each.row))
            for place, each in enumerate(incoming)
            if not each.problems
        }
        own = {row.account_id for row in rows.values()}
        forgotten: set[str] = set()
        if table.name == "accounts":
            forgotten = Tombstones(connection).among({*own, *_parents(incoming)})
            accounts.add(connection, own - forgotten)
        known = accounts.locked(connection, own)
        held = held_rows(connection, table.name, sorted({row.key for row in rows.values()}))
        found = _Sorted()
        for place, each in enumerate(incoming):
            key = each.row.get(table.key[0])
            details = _details(place, each.problems)
            if place in rows and not details:
                details = _forgotten(place, each, forgotten) or _misplaced(place, rows[place], known, held)
            if place in rows and not details:
                found.results[place] = _accept(place, rows[place], held, found.changed)
            else:
                found.results[place] = RowTaken(row=place, key=key, status="rejected", problems=details)
        self._write(connection, list(found.changed.values()), known)
        return found

    def _write(self, connection: Connection, rows: Sequence[LiveRow], known: dict[str, int]) -> None:
        now = self.clock()
        write_live_rows(connection, [(row, known[row.account_id] + 1) for row in rows], now)
        accounts.touch(connection, {row.account_id for row in rows}, now)
        accounts.place(connection, [row_of(row.table, row.text) for row in rows if row.table == "accounts"])


def _parents(incoming: Sequence[Incoming]) -> set[str]:
    return {str(each.row[PARENT]) for each in incoming if each.row.get(PARENT)}


def _forgotten(place: int, incoming: Incoming, forgotten: set[str]) -> list[Detail]:
    """Why a row cannot be stored that names a forgotten account."""
    do = "leave it out, or let it come back with `perennial forget --allow-again`"
    problem = f"got an account that was forgotten; expected one that may be kept; {do}"
    named = [name for name in ("account_id", PARENT) if incoming.row.get(name) in forgotten]
    return [Detail(where=f"rows.{place}.{name}", problem=problem) for name in named]


def _table(name: str) -> Table:
    if name in TAKEN:
        return TABLES[name]
    near = get_close_matches(name, TAKEN, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    problem = f"got {name!r}; expected one of {', '.join(TAKEN)}{meant}"
    raise Refusal("invalid_request", f"table: {problem}", [Detail(where="table", problem=problem)])


def _accept(place: int, row: LiveRow, held: dict[str, LiveRow], changed: dict[str, LiveRow]) -> RowTaken:
    """Take a row to be written, unless it is there already; a later row of the same request is compared with it."""
    is_there = row.key in held and held[row.key].text == row.text
    if not is_there:
        held[row.key] = changed[row.key] = row
    return RowTaken(row=place, key=row.key, status="duplicate" if is_there else "accepted")


def _misplaced(place: int, row: LiveRow, known: dict[str, int], held: dict[str, LiveRow]) -> list[Detail]:
    """Why a row that keeps the contract cannot be stored: its account."""
    if row.account_id not in known:
        problem = (
            f"got {row.account_id!r}, which is no known account; expected one of the table accounts; "
            "send its row of accounts first"
        )
        return [Detail(where=f"rows.{place}.account_id", problem=problem)]
    owner = held[row.key].account_id if row.key in held else row.account_id
    if owner != row.account_id:
        problem = f"got {row.account_id!r} for a row that is of {owner!r}; expected the same; send it under another key"
        return [Detail(where=f"rows.{place}.account_id", problem=problem)]
    return []


def _details(place: int, problems: Sequence[tuple[str, str]]) -> list[Detail]:
    return [Detail(where=f"rows.{place}.{column[:LONGEST_ID]}", problem=problem) for column, problem in problems]
