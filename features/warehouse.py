"""An engine with the tables that were opened in it."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.parts import ROW_BITS, Footer, Part, footer, in_nanoseconds, parts

if TYPE_CHECKING:
    import ibis

    from features.kept_log import CodedLog
    from features.origin import Origin


@dataclass
class Warehouse:
    """An engine, and every table of the contract opened so far: a view over its source, or over a file in `scratch`.

    `connection` is the engine's Ibis backend, `scratch` a folder for files that live as long as the warehouse. Tables
    may be larger than memory: none of them is held there. What was asked once is known: `origins` say where the rows of
    each table are from, `listed` are the files of each source as they were found first, `footers` what Parquet files
    say of themselves, `some` tables of some files only, `logs` the events as numbers by the folder where they are kept.
    Another warehouse on the same engine, for some rows: `dataclasses.replace(warehouse, tables={})`.
    """

    connection: Any
    scratch: Path
    tables: dict[str, ibis.Table] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    logs: dict[Path, CodedLog] = field(default_factory=dict)
    some: dict[tuple[str, tuple[Path, ...]], ibis.Table] = field(default_factory=dict)
    listed: dict[tuple[str, str], tuple[Path, ...]] = field(default_factory=dict)
    footers: dict[Path, Footer] = field(default_factory=dict)

    @property
    def local(self) -> Any:
        """The Ibis DuckDB backend that reads what the engine itself cannot, such as CSV."""
        return self.connection

    def footers_of(self, paths: Sequence[Path]) -> list[Footer]:
        """Return what Parquet files say of themselves."""
        for path in paths:
            if path not in self.footers:
                self.footers[path] = footer(path)
        return [self.footers[path] for path in paths]

    def scan(self, paths: Sequence[Path], only: Collection[int] | None = None) -> ibis.Table:
        """Return Parquet files as they stand, as one table, columns by name.

        `_row` is the row's number in its file, from 1, and the file's place among `paths` above ROW_BITS. With `only`
        the table has the same columns, and of the rows those of the files at some places.
        """
        found, view = parts(self.footers_of(paths), only), self._unused("scan")
        said = " UNION ALL BY NAME ".join(_select(part, len(found) == 1) for part in found)
        self.connection.raw_sql(f"CREATE VIEW {view} AS {said}")
        table: ibis.Table = self.connection.table(view)
        return table

    def view(self, name: str, expression: ibis.Table) -> ibis.Table:
        """Keep a table under a name in place of what was there, computed each time that it is read."""
        # Whatever stands on it then names it, instead of repeating all that it is made of.
        self.tables[name] = self.connection.create_view(self._unused(name), expression)
        return self.tables[name]

    def store(self, name: str, expression: ibis.Table) -> ibis.Table:
        """Compute a table once, and keep it as a file in scratch under a name in place of what was there."""
        path = self.scratch / f"{self._unused(name)}.parquet"
        self.connection.to_parquet(expression, path)
        return self.view(name, self.written(path))

    def written(self, path: Path) -> ibis.Table:
        """Return a Parquet file of one's own in scratch as a table that every cursor sees."""
        view = self._unused("written")
        self.connection.raw_sql(f"CREATE VIEW {view} AS FROM read_parquet({_literal(str(path.resolve()))})")
        table: ibis.Table = self.connection.table(view)
        return table

    @contextmanager
    def threads(self, n: int) -> Iterator[None]:
        """Let the engine work with so many threads for a while."""
        (before,) = self.connection.raw_sql("SELECT current_setting('threads')").fetchone()
        self.connection.raw_sql(f"SET threads = {n:d}")
        try:
            yield
        finally:
            self.connection.raw_sql(f"SET threads = {before:d}")

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """Yield a cursor of the engine, for a thread of its own, in UTC."""
        with self.connection.con.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute("SET enable_progress_bar = false")
            yield cursor

    def _unused(self, name: str) -> str:
        import ibis

        return str(ibis.util.gen_name(name))


def _select(part: Part, is_alone: bool) -> str:
    """A part's rows in DuckDB's words."""
    taken = "*" if is_alone else ", ".join(_column(part, name) for name in part.names)
    # What the engine takes for a pattern is a name here.
    files = ", ".join(_literal(glob.escape(str(path.absolute()))) for path in part.files or (part.sample,))
    row = f"file_row_number + 1 + ({_place(part.places)} << {ROW_BITS}) AS _row"
    none = "" if part.files else " WHERE false"
    return f"SELECT {taken}, {row} FROM read_parquet([{files}], hive_partitioning = false){none}"  # noqa: S608


def _column(part: Part, name: str) -> str:
    value = _quoted(name)
    kind = part.types[name]
    plain = f"CAST({value} AS TIMESTAMP)" if in_nanoseconds(kind) and kind.tz is None else value
    return f"{plain} AS {_quoted(part.names[name])}"


def _place(places: Sequence[int]) -> str:
    """The place of the file at hand, whose index counts from 0.

    >>> _place((3,)), _place((3, 4, 5)), _place((3, 5))
    ('3::BIGINT', 'file_index::BIGINT + 3', '[3, 5][file_index::BIGINT + 1]::BIGINT')
    """
    if len(places) < 2:
        return f"{places[0] if places else 0}::BIGINT"
    if places[-1] - places[0] == len(places) - 1:
        return f"file_index::BIGINT + {places[0]}"
    return f"[{', '.join(map(str, places))}][file_index::BIGINT + 1]::BIGINT"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def open_warehouse(memory_limit: str | None = None, threads: int | None = None) -> Iterator[Warehouse]:
    """Yield an empty warehouse on DuckDB, with the session's time zone UTC; nothing of it outlives the block."""
    with scratch_folder() as scratch:
        connection = duckdb_connection(scratch, memory_limit, threads)
        try:
            yield Warehouse(connection, scratch)
        finally:
            connection.disconnect()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder that is gone after the block; TMPDIR says where it lies."""
    # What a cancelled query still writes there must not spoil the end.
    with tempfile.TemporaryDirectory(prefix="perennial-", ignore_cleanup_errors=True) as scratch:
        yield Path(scratch)


def duckdb_connection(scratch: Path, memory_limit: str | None = None, threads: int | None = None) -> Any:
    """Return an Ibis backend on DuckDB in UTC, which spills to `scratch` what is beyond its memory."""
    import ibis

    settings = {"temp_directory": str(scratch), "memory_limit": memory_limit, "threads": threads}
    connection = ibis.duckdb.connect(**{name: value for name, value in settings.items() if value is not None})
    connection.raw_sql("SET TimeZone = 'UTC'")
    # A bar drawn by the engine would mix with the command's own.
    connection.raw_sql("SET enable_progress_bar = false")
    return connection
