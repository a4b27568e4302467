"""An engine with the tables that were opened in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis

    from features.origin import Origin


@dataclass
class Warehouse:
    """An engine, and every table of the contract opened so far: a view over its source, or over a file in `scratch`.

    `connection` is the engine's Ibis backend, `scratch` a folder for files that live as long as the warehouse. Tables
    may be larger than memory: none of them is held there.
    """

    connection: Any
    scratch: Path
    tables: dict[str, ibis.Table] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)

    @property
    def local(self) -> Any:
        """The Ibis DuckDB backend that reads what the engine itself cannot, such as CSV."""
        return self.connection

    def scan(self, path: Path) -> ibis.Table:
        """Return a Parquet file as it stands; `_row` is the row's number in the file, from 1."""
        rows = self.connection.read_parquet(path.resolve(), file_row_number=True)
        numbered: ibis.Table = rows.mutate(_row=rows["file_row_number"] + 1).drop("file_row_number")
        return numbered

    def view(self, name: str, expression: ibis.Table) -> ibis.Table:
        """Keep a table under a name in place of what was there, computed each time that it is read."""
        # Whatever stands on it then names it, instead of repeating all that it is made of.
        self.tables[name] = self.connection.create_view(self._unused(name), expression)
        return self.tables[name]

    def store(self, name: str, expression: ibis.Table) -> ibis.Table:
        """Compute a table once, and keep it as a file in scratch under a name in place of what was there."""
        path = self.scratch / f"{self._unused(name)}.parquet"
        self.connection.to_parquet(expression, path)
        return self.view(name, self.connection.read_parquet(path))

    def _unused(self, name: str) -> str:
        import ibis

        return str(ibis.util.gen_name(name))


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
