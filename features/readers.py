"""Files and databases as loose tables, before anything is parsed."""

from __future__ import annotations

import codecs
import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import ConfigError, DataError
from features.mapping import TableMapping

if TYPE_CHECKING:
    import ibis

PARQUET, CSV = {".parquet", ".pq"}, {".csv", ".tsv", ".txt"}


def raw_table(connection: Any, scratch: Path, location: str, mapping: TableMapping) -> ibis.Table:
    """Return a table as its source holds it: text where the source is CSV, the source's own types elsewhere.

    Parameters
    ----------
    connection
        the engine, an Ibis DuckDB backend.
    scratch
        a folder for copies that live as long as the connection.
    location, mapping
        folder or database URL, and which of its files or tables.

    Raises
    ------
    ConfigError
        when the file, table, driver or kind of file is not there.
    DataError
        when a CSV file is not of its encoding.
    """
    if "://" in location:
        return _database_table(location, mapping.source)
    path = Path(location) / mapping.source
    if not path.is_file():
        raise ConfigError.of(f"no file {path}", "the file that [tables] names", "put it there or correct the settings")
    if path.suffix.lower() in PARQUET:
        return connection.read_parquet(path)
    if path.suffix.lower() in CSV:
        utf8 = _as_utf8(path, mapping.encoding, scratch)
        # Nothing is left to the engine's guess: it would take rows that begin with # for comments.
        written = {"delim": mapping.delimiter, "quote": '"', "escape": '"', "comment": "", "skip": 0}
        return connection.read_csv(utf8, all_varchar=True, header=True, **written)
    raise ConfigError.of(f"a file {path.name}", "a name ending in .parquet or .csv", "convert it")


def _database_table(url: str, table: str) -> ibis.Table:
    """Read a table of any database that Ibis speaks to, carried over as Arrow."""
    import ibis

    try:
        database = ibis.connect(url)
    except (ImportError, ModuleNotFoundError) as problem:
        scheme = url.partition("://")[0]
        do = "pip install 'perennial[postgres]' for PostgreSQL, or Ibis' extra of that name"
        raise ConfigError.of(f"a {scheme} URL without its driver", "the driver installed", do) from problem
    if table not in database.list_tables():
        raise ConfigError.of(
            f"no table {table!r} in the database", "the table that [tables] names", "correct the settings"
        )
    copied: ibis.Table = ibis.memtable(database.table(table).to_pyarrow())
    return copied


def _as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    """Return the file itself when it is UTF-8, else a copy that is."""
    if codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"}:
        _check_utf8(path)
        return path
    copy = scratch / f"{path.stem}.utf-8.csv"
    try:
        with path.open(encoding=encoding, newline="") as source, copy.open("w", encoding="utf-8", newline="") as target:
            while block := source.read(1 << 20):
                target.write(block)
    except UnicodeError as problem:
        raise DataError.of(f"{path.name}, which is not {encoding}", "its true encoding", "set `encoding`") from problem
    return copy


def _check_utf8(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        start = 0
        while block := file.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as problem:
                came = f"{path.name}, not UTF-8 near byte {start + problem.start}"
                raise DataError.of(came, "UTF-8", 'set `encoding`, often "cp1252" or "utf-16"') from problem
            start += len(block)


def ragged_line(path: Path, mapping: TableMapping) -> str | None:
    """Return where a CSV file has more or fewer values than its header, in words; None where it has not."""
    if path.suffix.lower() not in CSV or not path.is_file():
        return None
    csv.field_size_limit(1 << 30)
    with path.open(encoding=mapping.encoding.replace("utf-8", "utf-8-sig"), newline="", errors="replace") as file:
        rows = csv.reader(file, delimiter=mapping.delimiter)
        width = len(next(rows, []))
        for row in rows:
            if row and len(row) != width:
                return f"line {rows.line_num:,} has {len(row)} values where the header has {width}"
    return None
