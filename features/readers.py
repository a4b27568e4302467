"""Files and databases as loose tables, before anything is parsed."""

from __future__ import annotations

import codecs
import csv
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ConfigError, DataError
from features.mapping import TableMapping
from features.parsing import is_ours
from features.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis

PARQUET, CSV = {".parquet", ".pq"}, {".csv", ".tsv", ".txt"}


def raw_table(warehouse: Warehouse, location: str, mapping: TableMapping) -> ibis.Table:
    """Return a table as its source holds it, rows numbered from 1 in `_row`: all text where the source is CSV.

    A Parquet file is read where it lies; what comes from CSV or a database is copied to Parquet in scratch, once.

    Parameters
    ----------
    warehouse
        the engine, and where copies go.
    location, mapping
        folder or database URL, and which of its files or tables.

    Raises
    ------
    ConfigError
        when the file, table, driver or kind of file is not there, or a column has a name that is used here.
    DataError
        when a CSV file is not of its encoding.
    """
    import pyarrow.parquet as pq

    path = _as_parquet(warehouse, location, mapping)
    ours = [column for column in pq.read_schema(path).names if is_ours(column)]
    if ours:
        came = f"{mapping.source} with columns {', '.join(ours)}"
        raise ConfigError.of(came, "names that the reading itself does not use", "rename them at the source")
    return warehouse.scan(path)


def _as_parquet(warehouse: Warehouse, location: str, mapping: TableMapping) -> Path:
    """Return the source's own Parquet file, or a copy of it as one."""
    is_database = "://" in location
    path = Path(location) / mapping.source
    if not is_database and not path.is_file():
        raise ConfigError.of(f"no file {path}", "the file that [tables] names", "put it there or correct the settings")
    if not is_database and path.suffix.lower() in PARQUET:
        return path
    if not is_database and path.suffix.lower() not in CSV:
        raise ConfigError.of(f"a file {path.name}", "a name ending in .parquet or .csv", "convert it")
    # Two tables of the contract may come from one source: it is copied once.
    written = (location, mapping.source, mapping.encoding, mapping.delimiter)
    copy = warehouse.scratch / f"source-{hashlib.sha256(repr(written).encode()).hexdigest()[:16]}.parquet"
    if not copy.exists() and is_database:
        _copy_database_table(location, mapping.source, copy)
    elif not copy.exists():
        _copy_csv(warehouse, path, mapping, copy)
    return copy


def _copy_database_table(url: str, table: str, copy: Path) -> None:
    """Carry over a table of any database that Ibis speaks to."""
    import ibis

    try:
        database = ibis.connect(url)
    except (ImportError, ModuleNotFoundError) as problem:
        scheme = url.partition("://")[0]
        do = "pip install 'perennial[postgres]' for PostgreSQL, or Ibis' extra of that name"
        raise ConfigError.of(f"a {scheme} URL without its driver", "the driver installed", do) from problem
    try:
        if table not in database.list_tables():
            do = "correct the settings"
            raise ConfigError.of(f"no table {table!r} in the database", "the table that [tables] names", do)
        database.to_parquet(database.table(table), copy)
    finally:
        database.disconnect()


def _copy_csv(warehouse: Warehouse, path: Path, mapping: TableMapping, copy: Path) -> None:
    utf8 = _as_utf8(path, mapping.encoding, copy.with_suffix(".utf-8.csv"))
    # Nothing is left to the engine's guess: it would take rows that begin with # for comments.
    written = {"delim": mapping.delimiter, "quote": '"', "escape": '"', "comment": "", "skip": 0}
    text = warehouse.local.read_csv(utf8, all_varchar=True, header=True, **written)
    warehouse.local.to_parquet(text, copy)
    warehouse.local.drop_view(text.get_name())
    if utf8 != path:
        utf8.unlink()


def _as_utf8(path: Path, encoding: str, copy: Path) -> Path:
    """Return the file itself when it is UTF-8, else a copy that is."""
    if codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"}:
        _check_utf8(path)
        return path
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
