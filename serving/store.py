"""The online store: the current feature row of every account, in SQLite or any database SQLAlchemy knows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, create_engine, delete, event, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from features.errors import DataError
from serving.migrations import migrate
from serving.scores import Score, kept_answers
from serving.store_tables import ACCOUNTS, FEATURE_ROWS, PUBLISHED_ROWS
from serving.turns import turn
from serving.upsert import upsert
from serving.vocabulary import FeatureRow

SOME_ROWS = select(FEATURE_ROWS).where(FEATURE_ROWS.c.account_id.in_(bindparam("account_ids", expanding=True)))
BATCH = 5_000
LOCK_WAIT_SECONDS = 10
WRITERS = 0x5045_5245
"""The advisory lock that writers of many rows take in PostgreSQL."""


class Store:
    """Feature rows by account.

    >>> store = Store("sqlite://")
    >>> store.replace([FeatureRow({"seats": 3.0}, "A-1", "2026-01-31")], "fingerprint")
    True
    >>> store.rows(["A-1", "A-2"])
    {'A-1': FeatureRow(values={'seats': 3.0}, account_id='A-1', as_of='2026-01-31')}
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._turns = _turns_file(url)
        with self.alone() as connection:
            migrate(connection)

    def close(self) -> None:
        """Let go of every connection; the store may be used again."""
        self.engine.dispose()

    def rows(self, account_ids: Sequence[str]) -> dict[str, FeatureRow]:
        """Return the feature rows of those accounts that there are, by account."""
        with self.engine.connect() as connection:
            found = connection.execute(SOME_ROWS, {"account_ids": account_ids})
            return {a: FeatureRow(json.loads(row), a, as_of) for a, as_of, row in found}

    def kept_answers(self, account_ids: Sequence[str], release: str) -> dict[str, Score]:
        """Return the answers that this release gave of the very rows that are held now, by account."""
        with self.engine.connect() as connection:
            return kept_answers(connection, account_ids, release)

    def fingerprint(self) -> str | None:
        """Return the SHA-256 of the published file that the rows come from, None before the first."""
        with self.engine.connect() as connection:
            return connection.scalar(select(PUBLISHED_ROWS.c.fingerprint))

    def replace(self, rows: Iterable[FeatureRow], fingerprint: str) -> bool:
        """Replace all rows in one transaction; return False where a fellow worker has done so already.

        Of accounts that live events may change, rows that tell of the same time or a later one stay: what was answered
        of them is kept by that time.

        Readers see the old rows until it commits; on any error the old rows stay.

        Raises
        ------
        DataError
            When an account comes twice, or without an id.
        """
        with self.alone() as connection:
            if connection.scalar(select(PUBLISHED_ROWS.c.fingerprint)) == fingerprint:
                return False
            live = _live_rows(connection)
            connection.execute(
                delete(FEATURE_ROWS).where(FEATURE_ROWS.c.account_id.not_in(select(ACCOUNTS.c.account_id)))
            )
            records = (row_record(row) for row in rows if not _is_older(row, live))
            while batch := list(islice(records, BATCH)):
                _insert(connection, batch, live)
            connection.execute(delete(PUBLISHED_ROWS))
            connection.execute(insert(PUBLISHED_ROWS).values(fingerprint=fingerprint))
        return True

    @contextmanager
    def writing(self, *, is_durable: bool = False) -> Iterator[Connection]:
        """A transaction that writes a few rows; one that is durable outlives a loss of power too, once it is over."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if is_durable else 'NORMAL'}")
                connection.commit()
            with self._turn(), connection.begin():
                if self.is_sqlite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that reads, and sees the store as it was at one moment."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @property
    def is_sqlite(self) -> bool:
        """Whether it is one file of this host."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction that other writers wait for, and readers do not."""
        with self._turn(), self.engine.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS})
            yield connection

    def _turn(self) -> AbstractContextManager[None]:
        return turn(self._turns, LOCK_WAIT_SECONDS)


def write_rows(connection: Connection, rows: Sequence[FeatureRow]) -> None:
    """Put feature rows in place of the accounts' former ones; a row as of a later instant stays."""
    upsert(connection, FEATURE_ROWS, [row_record(row) for row in rows], newer_by="as_of")


def _live_rows(connection: Connection) -> dict[str, str]:
    """Since when the rows are that live events keep up to date, by account."""
    rows = FEATURE_ROWS.join(ACCOUNTS, FEATURE_ROWS.c.account_id == ACCOUNTS.c.account_id)
    found = connection.execute(select(FEATURE_ROWS.c.account_id, FEATURE_ROWS.c.as_of).select_from(rows))
    return {account_id: as_of or "" for account_id, as_of in found}


def _is_older(row: FeatureRow, live: Mapping[str, str]) -> bool:
    """Whether the row held of an account tells of a time no earlier. As text, moments are in order of time."""
    held = None if row.account_id is None else live.get(row.account_id)
    return held is not None and held >= (row.as_of or "")


def _insert(connection: Connection, records: list[dict[str, Any]], live: dict[str, str]) -> None:
    """Insert rows; those of `live` take the place of the rows held, and are in it no more."""
    replaced = [record["account_id"] for record in records if live.pop(record["account_id"], None) is not None]
    if replaced:
        connection.execute(delete(FEATURE_ROWS).where(FEATURE_ROWS.c.account_id.in_(replaced)))
        connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account_id.in_(replaced)).values(refresh_at=0.0))
    try:
        connection.execute(insert(FEATURE_ROWS), records)
    except IntegrityError as problem:
        raise DataError.of(
            f"feature rows in which an account comes twice or has no id ({problem.orig})",
            "one row for each account",
            "score again; the rows held so far stay",
        ) from None


def row_record(row: FeatureRow) -> dict[str, Any]:
    """Return a feature row as the table has it."""
    return {"account_id": row.account_id, "as_of": row.as_of, "row": json.dumps(row.values, allow_nan=False)}


def _turns_file(url: str) -> Path | None:
    """The file beside a SQLite file at which writers take turns; None for any other store."""
    parsed = make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:"
    return Path(f"{parsed.database}-turns") if is_file else None


def _engine(url: str) -> Engine:
    """Return an engine; SQLite gets its folder, a write-ahead log, and patience with fellow workers."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_SECONDS})
    event.listen(engine, "connect", _use_write_ahead_log)
    return engine


def _use_write_ahead_log(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
