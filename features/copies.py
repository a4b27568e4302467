"""What comes from CSV files or a database, copied to Parquet in scratch, once."""

from __future__ import annotations

import codecs
import csv
import glob
import hashlib
from pathlib import Path

from features.errors import ConfigError, DataError, UnreadableFile
from features.mapping import TableMapping
from features.warehouse import Warehouse


def database_copy(warehouse: Warehouse, url: str, table: str) -> Path:
    """Return a copy of a table of any database that Ibis speaks to.

    Raises
    ------
    ConfigError
        when its driver or the table is not there.
    """
    copy = _copy(warehouse, url, table)
    if not copy.exists():
        _copy_database_table(url, table, copy)
    return copy


def csv_copy(warehouse: Warehouse, path: Path, name: str, mapping: TableMapping) -> Path:
    """Return a copy of a CSV file, all text; messages call it by `name`.

    Raises
    ------
    DataError
        when it is not of its encoding.
    UnreadableFile
        when it is gone, or the engine cannot read it.
    """
    # Two tables of the contract may come from one source: it is copied once.
    copy = _copy(warehouse, str(path), mapping.encoding, mapping.delimiter)
    if copy.exists():
        return copy
    try:
        _copy_csv(warehouse, path, name, mapping, copy)
    except DataError:
        raise
    except FileNotFoundError as problem:
        raise UnreadableFile(path, "it is gone") from problem
    except Exception as problem:
        why = _ragged_line(path, mapping) or str(problem).strip() or repr(problem)
        raise UnreadableFile(path, why) from problem
    return copy


def _copy(warehouse: Warehouse, *written: str) -> Path:
    return warehouse.scratch / f"source-{hashlib.sha256(repr(written).encode()).hexdigest()[:16]}.parquet"


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


def _copy_csv(warehouse: Warehouse, path: Path, name: str, mapping: TableMapping, copy: Path) -> None:
    if not path.stat().st_size:
        _write_nothing(copy)
        return
    utf8 = _as_utf8(path, name, mapping.encoding, copy.with_suffix(".utf-8.csv"))
    # Nothing is left to the engine's guess: it would take rows that begin with # for comments.
    written = {"delim": mapping.delimiter, "quote": '"', "escape": '"', "comment": "", "skip": 0}
    # Nor is a name taken for a pattern.
    text = warehouse.local.read_csv(glob.escape(str(utf8)), all_varchar=True, header=True, **written)
    warehouse.local.to_parquet(text, copy)
    warehouse.local.drop_view(text.get_name())
    if utf8 != path:
        utf8.unlink()


def _write_nothing(copy: Path) -> None:
    """A file without any text has no column and no row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({}), copy)


def _as_utf8(path: Path, name: str, encoding: str, copy: Path) -> Path:
    """Return the file itself when it is UTF-8, else a copy that is."""
    if codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"}:
        _check_utf8(path, name)
        return path
    try:
        with path.open(encoding=encoding, newline="") as source, copy.open("w", encoding="utf-8", newline="") as target:
            while block := source.read(1 << 20):
                target.write(block)
    except UnicodeError as problem:
        raise DataError.of(f"{name}, which is not {encoding}", "its true encoding", "set `encoding`") from problem
    return copy


def _check_utf8(path: Path, name: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        start = 0
        while block := file.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as problem:
                came = f"{name}, not UTF-8 near byte {start + problem.start}"
                raise DataError.of(came, "UTF-8", 'set `encoding`, often "cp1252" or "utf-16"') from problem
            start += len(block)


def _ragged_line(path: Path, mapping: TableMapping) -> str | None:
    """Return where a CSV file has more or fewer values than its header, in words; None where it has not."""
    if not path.is_file():
        return None
    csv.field_size_limit(1 << 30)
    with path.open(encoding=mapping.encoding.replace("utf-8", "utf-8-sig"), newline="", errors="replace") as file:
        rows = csv.reader(file, delimiter=mapping.delimiter)
        width = len(next(rows, []))
        for row in rows:
            if row and len(row) != width:
                return f"line {rows.line_num:,} has {len(row)} values where the header has {width}"
    return None
