"""Opens tables (Parquet, CSV, databases) through Ibis and gives them the contract's columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from features.columns import contract_columns, is_costly, typed
from features.errors import ConfigError, DataError, PerennialError, UnreadableFile
from features.origin import Origin
from features.parsing import is_missing, is_ours, parsed_id
from features.readers import file_name, listed_files, raw_table, source_footers
from features.tables import TABLES
from features.warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    import ibis

    from features.mapping import Sources, TableMapping

__all__ = ["Warehouse", "open_files", "open_table", "open_warehouse", "raw_key", "readable"]


def open_table(warehouse: Warehouse, sources: Sources, name: str, files: tuple[Path, ...] | None = None) -> ibis.Table:
    """Keep one table of the contract in the warehouse, typed and unchecked; what it is found through is opened first.

    Beside the contract's columns it has `_row`, the row's number in its source, and may have for a column `c`
    `_came_c`, what came where that could not be read, and `_plain_c`, the column as it stands in a source of the
    right type, unparsed. In a table that is a view over its source they cost nothing until they are asked for.

    Parameters
    ----------
    warehouse, sources, name
        where it is kept, and which table of the settings.
    files
        only these of its source's files, see `readers.source_files`: rows have the numbers and columns that they have
        among all, and there may be none. The warehouse must not have the table yet.

    Raises
    ------
    ConfigError
        when the source or one of its columns is not there.
    DataError
        when the source cannot be read at all, or is empty.
    """
    if name in warehouse.tables:
        if files is not None:
            raise ValueError(f"got {name}, which is open; expected a warehouse without it to open some of its files in")
        return warehouse.tables[name]
    mapping = sources.tables[name]
    for through in _tables_joined(mapping):
        if through not in sources.tables:
            do = f"add [tables.{through}]"
            raise ConfigError.of(f"{name} through {through!r}", "a table that is mapped too", do)
        open_table(warehouse, sources, through)
    with readable(sources, name):
        return _opened(warehouse, sources, name, files)


def open_files(warehouse: Warehouse, sources: Sources, name: str, files: tuple[Path, ...]) -> ibis.Table:
    """Return the rows of an open table from some of its source's files, as `open_table` has them, opened once."""
    if (name, files) not in warehouse.some:
        others = {other: rows for other, rows in warehouse.tables.items() if other != name}
        warehouse.some[name, files] = open_table(replace(warehouse, tables=others), sources, name, files)
    return warehouse.some[name, files]


def raw_key(warehouse: Warehouse, sources: Sources, name: str, files: tuple[Path, ...] | None = None) -> ibis.Table:
    """Return a table's key, of some files or of all, as numbers where the source has whole ones: told apart sooner."""
    mapping, (column, *others) = sources.tables[name], TABLES[name].key
    mapped = mapping.mapping(column)
    raw = raw_table(warehouse, sources.location, mapping, files)
    source = mapped.column if mapped else column
    if not others and source in raw.columns and (mapped is None or mapped.is_plain) and raw[source].type().is_integer():
        key: ibis.Table = raw.select(**{column: raw[source]})
        return key
    rows = warehouse.tables[name] if files is None else open_files(warehouse, sources, name, files)
    return rows.select(*TABLES[name].key)


def _opened(warehouse: Warehouse, sources: Sources, name: str, files: tuple[Path, ...] | None) -> ibis.Table:
    mapping, table = sources.tables[name], TABLES[name]
    footers = source_footers(warehouse, sources.location, mapping)
    if not any(each.types for each in footers):
        raise _empty(name, mapping)
    raw = raw_table(warehouse, sources.location, mapping, files)
    _check_columns(name, mapping, [column for column in raw.columns if not is_ours(column)])
    if not any(each.n for each in footers):
        raise _empty(name, mapping)
    raw = _joined(warehouse, raw, mapping)
    # Which columns beyond the contract are numbers is told from all rows, never from some.
    whole = raw
    if table.is_open and files is not None:
        whole = _joined(warehouse, raw_table(warehouse, sources.location, mapping), mapping)
    columns = contract_columns(whole, table, mapping)
    rows = typed(raw, columns, table, mapping)
    if files is None:
        warehouse.origins[name] = _origin(warehouse, sources, name)
    rows = warehouse.store(name, rows) if is_costly(raw, columns, mapping) else warehouse.view(name, rows)
    if mapping.only_where and files is None and rows.select("_row").limit(1).to_pyarrow().num_rows == 0:
        raise _empty(name, mapping)
    return rows


def _origin(warehouse: Warehouse, sources: Sources, name: str) -> Origin:
    mapping = sources.tables[name]
    origin = Origin.of(sources, name, listed_files(warehouse, sources.location, mapping))
    through = [warehouse.origins[other] for other in _tables_joined(mapping)]
    return origin.beside([(other.stamps, other.read_as) for other in through]) if through else origin


def _empty(name: str, mapping: TableMapping) -> PerennialError:
    return DataError.of(f"no rows in {name} ({mapping.source})", "at least one", "look at the export, or unmap it")


@contextmanager
def readable(sources: Sources, name: str) -> Iterator[None]:
    """Turn a complaint about a table's source into one sentence, with the file and line where they are known."""
    try:
        yield
    except PerennialError:
        raise
    except Exception as problem:
        source = sources.tables[name].source
        said = problem.why if isinstance(problem, UnreadableFile) else str(problem)
        where = file_name(sources.location, problem.path) if isinstance(problem, UnreadableFile) else source
        lines = (said.strip() or repr(problem)).splitlines()
        # Spark's first line says that something was wrong, the last of its causes what it was.
        why = next((line for line in reversed(lines) if "Exception: " in line), lines[0]).strip(": ")[:200]
        why = why if where == source else f"{where}: {why}"
        came = f"{name} ({source}), which cannot be read: {why}"
        do = "mend it or export it again; an unusual separator is set by `delimiter`"
        raise DataError.of(came, "a readable table", do) from problem


def _tables_joined(mapping: TableMapping) -> list[str]:
    through = [mapped.through for column in mapping.columns if (mapped := mapping.mapping(column))]
    return [joined.table for joined in through if joined]


def _check_columns(name: str, mapping: TableMapping, there: list[str]) -> None:
    """Say which required column has no source, and which named source column is not there."""
    asked = [mapped for column in mapping.columns if (mapped := mapping.mapping(column))]
    named = [source for mapped in asked for source in mapped.sources]
    named += [mapped.through.on for mapped in asked if mapped.through]
    named += [mapping.only_where] if mapping.only_where else []
    absent = sorted({source for source in named if source not in there})
    if absent:
        came = f"{mapping.source} without {', '.join(absent)} (it has {', '.join(there[:30])})"
        raise ConfigError.of(came, f"the columns that [tables.{name}] names", "correct the mapping")
    required = TABLES[name].required
    unmapped = [column for column in required if column not in mapping.columns and column not in there]
    if unmapped:
        came = f"no source for {name}.{', '.join(unmapped)} (the file has {', '.join(there[:30])})"
        raise ConfigError.of(came, "a source for every required column", f"map it under [tables.{name}.columns]")


def _joined(warehouse: Warehouse, raw: ibis.Table, mapping: TableMapping) -> ibis.Table:
    """Leave out rows that are none, and add what other tables know, joined by their keys, as `_through_<column>`."""
    if mapping.only_where:
        raw = raw.filter(~is_missing(raw[mapping.only_where]))
    for name in mapping.columns:
        mapped = mapping.mapping(name)
        if mapped is None or mapped.through is None:
            continue
        other, key = warehouse.tables[mapped.through.table], TABLES[mapped.through.table].key[0]
        taken = other.select(_key=other[key], _taken=other[mapped.through.take or name])
        # The other table's keys may repeat before it is checked: one of each, or rows would multiply.
        taken = taken.group_by("_key").aggregate(_taken=taken["_taken"].min())
        raw = raw.left_join(taken, parsed_id(raw[mapped.through.on]) == taken["_key"]).drop("_key")
        raw = raw.rename({f"_through_{name}": "_taken"})
    return raw
