"""Rows that are sent to /events: read, checked, and on disk before it is said that they are."""

from __future__ import annotations

import threading
import time
from collections import deque
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
MOST_TOGETHER = 64
PARENT = "parent_account_id"


@dataclass
class _Request:
    """Rows of one table that wait to be written, and then what became of them."""

    table: Table
    incoming: Sequence[Incoming]
    rows: dict[int, LiveRow]
    results: list[RowTaken] | None = None
    problem: Exception | None = None
    forgotten: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, request: EventsRequest) -> _Request:
        table = _table(request.table)
        incoming = [read_row(table, row) for row in request.rows]
        rows = {
            place: LiveRow(table.name, each.row[table.key[0]], each.row["account_id"], row_text(each.row))
            for place, each in enumerate(incoming)
            if not each.problems
        }
        return cls(table, incoming, rows)

    @property
    def account_ids(self) -> set[str]:
        """The accounts that its sound rows are of."""
        return {row.account_id for row in self.rows.values()}


class Ingest:
    """Takes rows into the store.

    Requests that come while others are being written wait, and are then written together: what takes time is to be
    sure that they are on disk, and that takes no longer for many.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self.clock = clock
        self._waiting: deque[_Request] = deque()
        self._turn = threading.Lock()

    def take(self, request: EventsRequest) -> EventsTaken:
        """Return what became of each row; what is accepted survives a crash.

        Raises
        ------
        Refusal
            When there is no such table, or the store does not answer: then nothing was stored.
        """
        own = _Request.of(request)
        self._waiting.append(own)
        with self._turn:
            while own.results is None and own.problem is None:
                self._write_waiting()
        if own.results is None:
            raise Refusal("store_unavailable", DOWN) from own.problem
        count = {status: sum(row.status == status for row in own.results) for status in ("accepted", "duplicate")}
        rejected = len(own.results) - sum(count.values())
        return EventsTaken(table=own.table.name, **count, rejected=rejected, results=own.results)

    def _write_waiting(self) -> None:
        """Write the requests that wait, the caller's among them, in one transaction."""
        together = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
        for tried in range(1, TRIES + 1):
            try:
                with self.store.writing(is_durable=True) as connection:
                    results = self._write(connection, together)
            except Exception as problem:
                # Of two that waited for each other, one has to begin anew.
                if isinstance(problem, OperationalError) and tried < TRIES:
                    continue
                for request in together:
                    request.problem = problem
                if not isinstance(problem, SQLAlchemyError):
                    raise
            else:
                for request, found in zip(together, results, strict=True):
                    request.results = found
            return

    def _write(self, connection: Connection, requests: Sequence[_Request]) -> list[list[RowTaken]]:
        for request in requests:
            if request.table.name == "accounts":
                named = {*request.account_ids, *_parents(request.incoming)}
                request.forgotten = Tombstones(connection).among(named)
                accounts.add(connection, request.account_ids - request.forgotten)
        known = accounts.locked(connection, set().union(*(request.account_ids for request in requests)))
        return [self._write_one(connection, request, known) for request in requests]

    def _write_one(self, connection: Connection, request: _Request, known: dict[str, int]) -> list[RowTaken]:
        rows, changed, results = request.rows, dict[str, LiveRow](), []
        held = held_rows(connection, request.table.name, sorted({row.key for row in rows.values()})) if rows else {}
        for place, each in enumerate(request.incoming):
            key = _told_key(each.row.get(request.table.key[0]))
            details = _details(place, each.problems)
            if place in rows:
                details = _forgotten(place, each, request.forgotten) or _misplaced(place, rows[place], known, held)
            if not details:
                results.append(_accept(place, rows[place], held, changed))
            else:
                results.append(RowTaken(row=place, key=key, status="rejected", problems=details))
        if changed:
            self._keep(connection, list(changed.values()), known)
        return results

    def _keep(self, connection: Connection, rows: Sequence[LiveRow], known: dict[str, int]) -> None:
        now, touched = self.clock(), {row.account_id for row in rows}
        known |= {account_id: known[account_id] + 1 for account_id in touched}
        write_live_rows(connection, [(row, known[row.account_id]) for row in rows], now)
        accounts.touch(connection, touched, now)
        accounts.place(connection, [row_of(row.table, row.text) for row in rows if row.table == "accounts"])


def _told_key(key: object) -> str | None:
    """A key as it is told back; one that is longer than a key may be is not sent back at length."""
    return key if isinstance(key, str) and len(key) <= LONGEST_ID else None


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
