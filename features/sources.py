"""Opens tables (Parquet, CSV, databases) through Ibis and gives them the contract's columns."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import ConfigError, DataError, PerennialError
from features.parsing import BEYOND, DTYPES, is_missing, is_ours, parsed, parsed_id, parsed_number, parsed_timestamp
from features.readers import ragged_line, raw_table
from features.tables import TABLES, Column, Table

if TYPE_CHECKING:
    import ibis

    from features.mapping import ColumnMapping, Sources, TableMapping


# A column with this share of numbers is one of numbers, and the rest are mistakes.
MOSTLY = 0.95


@dataclass
class Warehouse:
    """An engine with every table opened so far: each is a stored table with the contract's columns.

    Beside a column `c` that is parsed from text stands `_came_c` with the text as it came; `_row` is the row's number
    in its source, from 1. `scratch` is a folder for files that live as long as the warehouse.
    """

    connection: Any
    scratch: Path
    tables: dict[str, ibis.Table] = field(default_factory=dict)

    def store(self, name: str, expression: ibis.Table) -> ibis.Table:
        """Compute a table once and keep it under a name in place of what was there."""
        # Ibis' own overwrite copies twice; a name of its own needs no copy.
        physical = f"{name}_{len(self.connection.list_tables())}"
        self.tables[name] = self.connection.create_table(physical, expression, temp=True)
        return self.tables[name]


@contextmanager
def open_warehouse(memory_limit: str | None = None, threads: int | None = None) -> Iterator[Warehouse]:
    """Yield an empty warehouse on DuckDB, with the session's time zone UTC; nothing of it outlives the block."""
    import ibis

    with tempfile.TemporaryDirectory(prefix="perennial-") as scratch:
        settings = {"temp_directory": scratch, "memory_limit": memory_limit, "threads": threads}
        connection = ibis.duckdb.connect(**{name: value for name, value in settings.items() if value is not None})
        connection.raw_sql("SET TimeZone = 'UTC'")
        # A bar drawn by the engine would mix with the command's own.
        connection.raw_sql("SET enable_progress_bar = false")
        try:
            yield Warehouse(connection, Path(scratch))
        finally:
            connection.disconnect()


def open_table(warehouse: Warehouse, sources: Sources, name: str) -> ibis.Table:
    """Store one table of the contract, typed and unchecked, and return it; what it is found through is opened first.

    Raises
    ------
    ConfigError
        when the source or one of its columns is not there.
    DataError
        when the source cannot be read at all, or is empty.
    """
    if name in warehouse.tables:
        return warehouse.tables[name]
    mapping = sources.tables[name]
    for through in _tables_joined(mapping):
        if through not in sources.tables:
            do = f"add [tables.{through}]"
            raise ConfigError.of(f"{name} through {through!r}", "a table that is mapped too", do)
        open_table(warehouse, sources, through)
    with _readable(name, sources.location, mapping):
        raw = raw_table(warehouse.connection, warehouse.scratch, sources.location, mapping)
        _check_columns(name, mapping, raw.columns)
        stored = warehouse.store(name, _typed(warehouse, TABLES[name], mapping, raw))
        if stored.count().to_pyarrow().as_py() == 0:
            raise DataError.of(
                f"no rows in {name} ({mapping.source})", "at least one", "look at the export, or unmap it"
            )
    return stored


@contextmanager
def _readable(name: str, location: str, mapping: TableMapping) -> Iterator[None]:
    """Turn the engine's complaint about a source into one sentence, with the line where it can be found."""
    try:
        yield
    except PerennialError:
        raise
    except Exception as problem:
        engine = str(problem).strip().splitlines()[0][:200]
        where = ragged_line(Path(location) / mapping.source, mapping)
        came = f"{name} ({mapping.source}), which cannot be read: {where or engine}"
        do = "mend it or export it again; an unusual separator is set by `delimiter`"
        raise DataError.of(came, "a readable table", do) from problem


def _tables_joined(mapping: TableMapping) -> list[str]:
    through = [mapped.through for column in mapping.columns if (mapped := mapping.mapping(column))]
    return [joined.table for joined in through if joined]


def _check_columns(name: str, mapping: TableMapping, there: tuple[str, ...]) -> None:
    """Say which required column has no source, and which named source column is not there."""
    table = TABLES[name]
    asked = [mapped for column in mapping.columns if (mapped := mapping.mapping(column))]
    named = [source for mapped in asked for source in (mapped.column, mapped.times, mapped.plus_minutes) if source]
    named += [mapped.through.on for mapped in asked if mapped.through]
    named += [mapping.only_where] if mapping.only_where else []
    ours = [column for column in there if is_ours(column)]
    if ours:
        came = f"{mapping.source} with columns {', '.join(ours)}"
        raise ConfigError.of(came, "names that the reading itself does not use", "rename them at the source")
    absent = sorted({source for source in named if source not in there})
    if absent:
        came = f"{mapping.source} without {', '.join(absent)} (it has {', '.join(there[:30])})"
        raise ConfigError.of(came, f"the columns that [tables.{name}] names", "correct the mapping")
    unmapped = [column for column in table.required if column not in mapping.columns and column not in there]
    if unmapped:
        came = f"no source for {name}.{', '.join(unmapped)} (the file has {', '.join(there[:30])})"
        raise ConfigError.of(came, "a source for every required column", f"map it under [tables.{name}.columns]")


def _typed(warehouse: Warehouse, table: Table, mapping: TableMapping, raw: ibis.Table) -> ibis.Table:
    import ibis

    raw = raw.mutate(_row=ibis.row_number() + 1)
    if mapping.only_where:
        raw = raw.filter(~is_missing(raw[mapping.only_where]))
    raw = _joined(warehouse, raw, mapping)
    selected: dict[str, Any] = {"_row": raw["_row"]}
    for column in _columns(table, mapping, raw):
        mapped = mapping.mapping(column.name)
        if mapped is None and column.name in raw.columns and column.name not in mapping.ignore:
            mapped = _plain(column.name)
        if mapped and mapped.column:
            _check_scalar(raw, mapped.column)
        value = _value(raw, column, mapped, mapping) if mapped else ibis.null(DTYPES[column.kind])
        selected |= _with_original(raw, column, value, mapped)
    typed: ibis.Table = raw.select(**selected)
    typed = _one_per_key(typed, table) if mapping.one_per_key else typed
    return _numbers_recognised(typed, table, mapping)


def _check_scalar(raw: ibis.Table, column: str) -> None:
    kind = raw[column].type()
    if kind.is_nested() or kind.is_binary():
        do = "leave it out with `ignore`, or export it as text or numbers"
        raise ConfigError.of(f"a column {column} of type {kind}", "text, numbers, times or booleans", do)


def _plain(name: str) -> ColumnMapping:
    from features.mapping import ColumnMapping

    return ColumnMapping(column=name)


def _columns(table: Table, mapping: TableMapping, raw: ibis.Table) -> list[Column]:
    """The contract's columns, then those beyond it that an open table keeps."""
    if not table.is_open:
        return list(table.columns)
    declared = [column.name for column in table.columns]
    further = [name for name in mapping.columns if name not in declared]
    if "*" not in mapping.ignore:
        mapped = [mapping.mapping(name) for name in mapping.columns]
        used = {source for each in mapped if each for source in (each.column, each.times, each.plus_minutes)}
        left_out = used.union(declared, mapping.ignore, further)
        there = [name for name in raw.columns if name not in left_out and not is_ours(name)]
        # What pandas writes beside a frame that was filtered or shuffled says nothing of the account.
        there = [name for name in there if not name.startswith("__index_level_")]
        # A time beyond the contract may be that of leaving; what is no plain value cannot be a feature.
        kinds = {name: raw[name].type() for name in there}
        further += [n for n, kind in kinds.items() if kind.is_string() or kind.is_numeric() or kind.is_boolean()]
    return [*table.columns, *(Column(name, "text", BEYOND) for name in further)]


def _value(raw: ibis.Table, column: Column, mapped: ColumnMapping, mapping: TableMapping) -> Any:
    import ibis

    if mapped.through:
        return raw[f"_through_{column.name}"]
    if mapped.row_number:
        return raw["_row"].cast("string")
    if mapped.constant is not None:
        return parsed(ibis.literal(str(mapped.constant)), column, mapping)
    source = raw[mapped.column]
    if mapped.values:
        source = source.cast("string").strip()
        source = source.cases(*mapped.values.items(), else_=source)
    value = parsed(source, column, mapping)
    if mapped.times:
        value = value * parsed(raw[mapped.times], column, mapping)
    if mapped.plus_minutes:
        minutes = parsed_number(raw[mapped.plus_minutes], mapping.decimal)
        value = (value.epoch_seconds() + (minutes * 60).round().cast("int64")).as_timestamp("s")
    return value


def _joined(warehouse: Warehouse, raw: ibis.Table, mapping: TableMapping) -> ibis.Table:
    """Add what is found through other tables, joined by their keys, as `_through_<column>`."""
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


def _with_original(raw: ibis.Table, column: Column, value: Any, mapped: ColumnMapping | None) -> dict[str, Any]:
    """The parsed value, and the text it came as where parsing can fail."""
    import ibis

    if column.kind not in {"number", "timestamp", "flag"} and not value.type().is_numeric():
        return {column.name: value}
    source = raw[mapped.column] if mapped and mapped.column else ibis.null("string")
    came = source.cast("string")
    return {column.name: value, f"_came_{column.name}": is_missing(source).ifelse(ibis.null("string"), came)}


def _one_per_key(typed: ibis.Table, table: Table) -> ibis.Table:
    smallest = {name: typed[name].min() for name in typed.columns if name not in table.key}
    grouped: ibis.Table = typed.group_by(list(table.key)).aggregate(**smallest)
    return grouped


def _numbers_recognised(typed: ibis.Table, table: Table, mapping: TableMapping) -> ibis.Table:
    """Columns beyond the contract that came as text: numbers where nearly all values are, left out where all are dates.

    What is no number among many that are is a mistake, kept as it came for `checks` to name.
    """
    declared = {column.name for column in table.columns}
    further = [name for name in typed.columns if name not in declared and not is_ours(name)]
    texts = [name for name in further if typed[name].type().is_string()]
    if not texts:
        return typed
    numbers = {name: parsed_number(typed[name], mapping.decimal) for name in texts}
    times = {name: parsed_timestamp(typed[name], mapping.dates) for name in texts}
    n = {f"n|{name}": typed[name].count() for name in texts}
    n |= {f"number|{name}": numbers[name].count() for name in texts}
    n |= {f"time|{name}": times[name].count() for name in texts}
    count = typed.aggregate(**n).to_pyarrow().to_pylist()[0]
    are_numbers = [name for name in texts if count[f"number|{name}"] >= MOSTLY * max(1, count[f"n|{name}"])]
    are_times = [name for name in texts if count[f"time|{name}"] == count[f"n|{name}"] > 0 and name not in are_numbers]
    came = {f"_came_{name}": typed[name] for name in are_numbers}
    return typed.mutate(**came, **{name: numbers[name] for name in are_numbers}).drop(*are_times)
