"""Files and databases as loose tables, before anything is parsed."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from features.copies import csv_copy, database_copy
from features.errors import ConfigError, DataError
from features.mapping import TableMapping
from features.parsing import is_ours
from features.parts import Footer, conflict
from features.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis

PARQUET, CSV = {".parquet", ".pq"}, {".csv", ".tsv", ".txt"}
# Marks of unfinished or no data, such as _SUCCESS.
HIDDEN = (".", "_")


def source_files(location: str, mapping: TableMapping) -> tuple[Path, ...]:
    """Return the files of a table's source, all of one kind, in the order of their names; none for a database.

    Raises
    ------
    ConfigError
        when there is none, some are Parquet and some CSV, or one that is named is neither.
    """
    if "://" in location:
        return ()
    named = Path(location) / mapping.source
    if named.is_file():
        if named.suffix.lower() not in PARQUET | CSV:
            raise ConfigError.of(f"a file {named.name}", "a name ending in .parquet or .csv", "convert it")
        return (named,)
    if not named.is_dir() and not glob.has_magic(mapping.source):
        came = f"no file {named}"
        raise ConfigError.of(came, "the file that [tables] names", "put it there or correct the settings")
    return _one_kind(named, _files_of(named) if named.is_dir() else _matching(location, mapping.source))


def _files_of(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(HIDDEN)]


def _matching(location: str, pattern: str) -> list[Path]:
    """The files that fit a pattern; those that begin with a mark are left out unless it begins with one too."""
    name = Path(pattern).name
    # Path.glob takes no pattern that leads elsewhere.
    found = glob.glob(str(Path(glob.escape(location)) / pattern), recursive=True)  # noqa: PTH207
    return [path for path in map(Path, found) if name.startswith(HIDDEN) or not path.name.startswith(HIDDEN)]


def _one_kind(named: Path, found: Iterable[Path]) -> tuple[Path, ...]:
    files = sorted(path for path in found if path.suffix.lower() in PARQUET | CSV and path.is_file())
    if not files:
        do = "put them there or correct the settings"
        raise ConfigError.of(f"no Parquet or CSV file in {named}", "the files that [tables] names", do)
    first = files[0]
    other = next((path for path in files if is_parquet(path) != is_parquet(first)), None)
    if other:
        do = f'name those that are meant by a pattern, such as "*{first.suffix}"'
        raise ConfigError.of(f"{first.name} beside {other.name} in {named}", "files of one kind", do)
    return tuple(files)


def is_parquet(path: Path) -> bool:
    """Return whether a file is Parquet by its name.

    >>> is_parquet(Path("cases.PQ")), is_parquet(Path("cases.csv"))
    (True, False)
    """
    return path.suffix.lower() in PARQUET


def listed_files(warehouse: Warehouse, location: str, mapping: TableMapping) -> tuple[Path, ...]:
    """Return the files of a table's source as the warehouse found them first; later ones are none of its table."""
    key = location, mapping.source
    if key not in warehouse.listed:
        warehouse.listed[key] = source_files(location, mapping)
    return warehouse.listed[key]


def file_names(warehouse: Warehouse, location: str, mapping: TableMapping) -> tuple[str, ...]:
    """Return what messages call each file of a source; a table of a database is called by its name."""
    files = listed_files(warehouse, location, mapping)
    return tuple(file_name(location, path) for path in files) or (mapping.source,)


def file_name(location: str, path: Path) -> str:
    """Return a file's name as the settings would have it.

    >>> file_name("data", Path("data/activities/a.csv")), file_name("data", Path("/exports/a.csv"))
    ('activities/a.csv', '/exports/a.csv')
    """
    folder = Path(location)
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def raw_table(
    warehouse: Warehouse, location: str, mapping: TableMapping, files: tuple[Path, ...] | None = None
) -> ibis.Table:
    """Return a table as its source holds it, all text where the source is CSV.

    Rows are numbered in `_row`: from 1 in each file, and the file's place among all of its source above ROW_BITS.
    A Parquet file is read where it lies; what comes from CSV or a database is copied to Parquet in scratch, once.

    Parameters
    ----------
    warehouse
        the engine, and where copies go.
    location, mapping
        folder or database URL, and which of its files or tables.
    files
        only these of `source_files`, with the columns and numbers that they have among all.

    Raises
    ------
    ConfigError
        when the file, table, driver or kind of file is not there, or a column has a name that is used here.
    DataError
        when a CSV file is not of its encoding, or a column's types in two files have nothing in common.
    UnreadableFile
        when a file is gone or no table.
    """
    footers = source_footers(warehouse, location, mapping)
    ours = sorted({column for each in footers for column in each.types if is_ours(column)})
    if ours:
        came = f"{mapping.source} with columns {', '.join(ours)}"
        raise ConfigError.of(came, "names that the reading itself does not use", "rename them at the source")
    if len(footers) > 1:
        _check_types(warehouse, location, mapping, footers)
    only = None if files is None else _places(listed_files(warehouse, location, mapping), mapping, files)
    return warehouse.scan([each.path for each in footers], only)


def source_footers(warehouse: Warehouse, location: str, mapping: TableMapping) -> list[Footer]:
    """Return what the Parquet files of a source, or their copies, say of themselves."""
    files = listed_files(warehouse, location, mapping)
    if not files:
        return warehouse.footers_of([database_copy(warehouse, location, mapping.source)])
    if is_parquet(files[0]):
        return warehouse.footers_of(files)
    return warehouse.footers_of([csv_copy(warehouse, path, file_name(location, path), mapping) for path in files])


def _places(listed: tuple[Path, ...], mapping: TableMapping, files: tuple[Path, ...]) -> set[int]:
    places = {path: place for place, path in enumerate(listed)}
    strange = [str(path) for path in files if path not in places]
    if strange:
        do = "list its files again, in a new warehouse"
        raise ConfigError.of(f"{strange[0]}, which is none of {mapping.source}", "some of the source's files", do)
    return {places[path] for path in files}


def _check_types(warehouse: Warehouse, location: str, mapping: TableMapping, footers: list[Footer]) -> None:
    found = conflict(footers)
    if found:
        names = file_names(warehouse, location, mapping)
        column, one, other = found
        said = [f"{_type(each, column)} in {names[footers.index(each)]}" for each in (one, other)]
        do = f"export it alike, or leave {column} out of the files"
        raise DataError.of(f"{mapping.source} with {column} as {' and '.join(said)}", "one type in all files", do)


def _type(footer: Footer, column: str) -> str:
    return next(str(kind) for name, kind in footer.types.items() if name.casefold() == column.casefold())
