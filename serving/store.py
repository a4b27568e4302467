"""The online store: the current feature row of every account, in SQLite or any database SQLAlchemy knows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, create_engine, delete, event, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from features.errors import DataError
from serving.migrations import migrate
from serving.scores import Score, kept_answers
from serving.store_tables import FEATURE_ROWS, PUBLISHED_ROWS
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
        with self.alone() as connection:
            migrate(connection)

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

        Readers see the old rows until it commits; on any error the old rows stay.

        Raises
        ------
        DataError
            When an account comes twice, or without an id.
        """
        with self.alone() as connection:
            if connection.scalar(select(PUBLISHED_ROWS.c.fingerprint)) == fingerprint:
                return False
            connection.execute(delete(FEATURE_ROWS))
            records = map(_record, rows)
            while batch := list(islice(records, BATCH)):
                _insert(connection, batch)
            connection.execute(delete(PUBLISHED_ROWS))
            connection.execute(insert(PUBLISHED_ROWS).values(fingerprint=fingerprint))
        return True

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction that other writers wait for, and readers do not."""
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS})
            yield connection


def _insert(connection: Connection, records: list[dict[str, Any]]) -> None:
    try:
        connection.execute(insert(FEATURE_ROWS), records)
    except IntegrityError as problem:
        raise DataError.of(
            f"feature rows in which an account comes twice or has no id ({problem.orig})",
            "one row for each account",
            "score again; the rows held so far stay",
        ) from None


def _record(row: FeatureRow) -> dict[str, Any]:
    return {"account_id": row.account_id, "as_of": row.as_of, "row": json.dumps(row.values, allow_nan=False)}


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
