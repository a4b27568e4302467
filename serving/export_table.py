"""Scores in a table of another database: rows that are there are brought up to date, others are added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    create_engine,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.types import TypeEngine

from features.errors import ConfigError, DataError
from serving.export_fields import Kind, Row
from serving.export_mapping import ExportMapping

BATCH = 1_000
TYPES: dict[Kind, TypeEngine[Any]] = {
    "id": String(256),
    "text": Text(),
    "long text": Text(),
    "number": Float(),
    "integer": Integer(),
    "date": Date(),
    "moment": DateTime(),
}


def write_table(rows: Iterable[Row], mapping: ExportMapping, url: str, name: str) -> int:
    """Write rows into a table, all or none, and return how many.

    A table that is not there is made. In one that is, only the columns of the mapping are touched, and accounts without
    a row here keep what they have.

    Parameters
    ----------
    rows
        one an account.
    mapping
        names of columns, and words.
    url
        SQLAlchemy URL of the database; never told in an error, since it may hold a password.
    name
        the table, with its schema before a dot where it has one.

    Raises
    ------
    ConfigError
        When the URL is none, or the table lacks a column.
    DataError
        When the database refuses; nothing is changed then.
    """
    try:
        engine = create_engine(make_url(url))
    except (ArgumentError, ModuleNotFoundError) as problem:
        why = "no driver" if isinstance(problem, ModuleNotFoundError) else "not of the form driver://user@host/database"
        raise ConfigError.of(
            f"a database URL that cannot be used ({why})", "a SQLAlchemy URL", "see docs/crm.md"
        ) from None
    try:
        with engine.begin() as connection:
            return _write(connection, _table(connection, mapping, name), rows, mapping)
    except SQLAlchemyError as problem:
        why = str(getattr(problem, "orig", None) or type(problem).__name__).splitlines()[0]
        raise DataError.of(
            f"a database that refused ({why})", "one that takes the rows", "nothing was changed"
        ) from None
    finally:
        engine.dispose()


def _table(connection: Connection, mapping: ExportMapping, name: str) -> Table:
    schema, _, plain = name.rpartition(".")
    if not inspect(connection).has_table(plain, schema=schema or None):
        columns = [Column(c, TYPES[kind], primary_key=c == mapping.key) for c, kind in mapping.kinds.items()]
        made = Table(plain, MetaData(), *columns, schema=schema or None)
        made.create(connection)
        return made
    found = Table(plain, MetaData(), schema=schema or None, autoload_with=connection)
    if absent := [column for column in mapping.columns if column not in found.c]:
        do = "add it, or leave it out of the mapping"
        raise ConfigError.of(f"the table {name} without a column {absent[0]!r}", "every column of the mapping", do)
    return found


def _write(connection: Connection, table: Table, rows: Iterable[Row], mapping: ExportMapping) -> int:
    key, n = table.c[mapping.key], 0
    for batch in _batches(map(mapping.applied, rows)):
        held = set(connection.scalars(select(key).where(key.in_([row[mapping.key] for row in batch]))))
        _change(connection, table, [row for row in batch if row[mapping.key] in held], mapping)
        new = [row for row in batch if row[mapping.key] not in held]
        if new:
            connection.execute(insert(table), new)
        n += len(batch)
    return n


def _change(connection: Connection, table: Table, rows: list[Row], mapping: ExportMapping) -> None:
    # Names of our own for the values: a column may have one that no parameter can have.
    names = {column: f"value_{place}" for place, column in enumerate(mapping.columns)}
    told: dict[str, Any] = {column: bindparam(name) for column, name in names.items() if column != mapping.key}
    if rows and told:
        is_it = table.c[mapping.key] == bindparam(names[mapping.key])
        records = [{names[column]: cell for column, cell in row.items()} for row in rows]
        connection.execute(update(table).where(is_it).values(told), records)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    found = iter(rows)
    while batch := list(islice(found, BATCH)):
        yield batch
