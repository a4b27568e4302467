"""Which columns a table has, and how each is had from its source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from features.errors import ConfigError
from features.mapping import ColumnMapping, TableMapping
from features.parsing import (
    BEYOND,
    DTYPES,
    is_missing,
    is_ours,
    later,
    parsed,
    parsed_number,
    parsed_timestamp,
    plain,
)
from features.tables import Column, Table

if TYPE_CHECKING:
    import ibis

# A column with this share of numbers is one of numbers, and the rest are mistakes.
MOSTLY = 0.95


def contract_columns(raw: ibis.Table, table: Table, mapping: TableMapping) -> list[Column]:
    """Return the contract's columns, then those beyond it that an open table keeps."""
    if not table.is_open:
        return list(table.columns)
    declared = [column.name for column in table.columns]
    further = [name for name in mapping.columns if name not in declared]
    if "*" not in mapping.ignore:
        mapped = [mapping.mapping(name) for name in mapping.columns]
        used = {source for each in mapped if each for source in each.sources}
        left_out = used.union(declared, mapping.ignore, further)
        there = [name for name in raw.columns if name not in left_out and not is_ours(name)]
        # What pandas writes beside a frame that was filtered or shuffled says nothing of the account.
        there = [name for name in there if not name.startswith("__index_level_")]
        # A time beyond the contract may be that of leaving; what is no plain value cannot be a feature.
        kinds = {name: raw[name].type() for name in there}
        further += [n for n, kind in kinds.items() if kind.is_string() or kind.is_numeric() or kind.is_boolean()]
    return [*table.columns, *_recognised(raw, [Column(name, "text", BEYOND) for name in further], mapping)]


def _recognised(raw: ibis.Table, further: list[Column], mapping: TableMapping) -> list[Column]:
    """Texts beyond the contract: numbers where nearly all values are, left out where all are dates."""
    values = {column.name: _value(raw, column, _mapped(raw, column, mapping), mapping) for column in further}
    texts = {name: value for name, value in values.items() if value.type().is_string()}
    if not texts:
        return further
    n = {f"n|{name}": text.count() for name, text in texts.items()}
    n |= {f"number|{name}": parsed_number(text, mapping.decimal).count() for name, text in texts.items()}
    n |= {f"time|{name}": parsed_timestamp(text, mapping.dates).count() for name, text in texts.items()}
    count = raw.aggregate(**n).to_pyarrow().to_pylist()[0]
    numbers = {name for name in texts if count[f"number|{name}"] >= MOSTLY * max(1, count[f"n|{name}"])}
    times = {name for name in texts if count[f"time|{name}"] == count[f"n|{name}"] > 0} - numbers
    kept = [column for column in further if column.name not in times]
    return [replace(column, kind="number") if column.name in numbers else column for column in kept]


def is_costly(raw: ibis.Table, columns: list[Column], mapping: TableMapping) -> bool:
    """Return whether a table is to be computed once: it is joined, grouped, or read from text."""
    found = [mapped for column in columns if (mapped := _mapped(raw, column, mapping))]
    parsed_from = [
        raw[source].type()
        for column, mapped in ((column, _mapped(raw, column, mapping)) for column in columns)
        if mapped and column.kind in ("number", "timestamp", "flag")
        for source in mapped.sources
    ]
    return mapping.one_per_key or any(each.through for each in found) or any(kind.is_string() for kind in parsed_from)


def typed(raw: ibis.Table, columns: list[Column], table: Table, mapping: TableMapping) -> ibis.Table:
    """Return the source's rows with the contract's columns, unchecked."""
    is_view = not is_costly(raw, columns, mapping)
    selected: dict[str, Any] = {"_row": raw["_row"]}
    for column in columns:
        mapped = _mapped(raw, column, mapping)
        value = _value(raw, column, mapped, mapping)
        selected[column.name] = value
        if mapped is None or mapped.column is None:
            continue
        source = raw[mapped.column]
        if column.kind in ("number", "timestamp", "flag") or value.type().is_numeric():
            unread = value.isnull() & ~is_missing(source)
            selected[f"_came_{column.name}"] = unread.ifelse(source, None)
        unchanged = plain(source, column) if is_view and mapped.is_plain else None
        if unchanged is not None:
            selected[f"_plain_{column.name}"] = unchanged
    rows: ibis.Table = raw.select(**selected)
    return _one_per_key(rows, table) if mapping.one_per_key else rows


def _mapped(raw: ibis.Table, column: Column, mapping: TableMapping) -> ColumnMapping | None:
    """Where a column comes from: as the mapping says, else from the source's column of its name."""
    mapped = mapping.mapping(column.name)
    if mapped is None and column.name in raw.columns and column.name not in mapping.ignore:
        return ColumnMapping(column=column.name)
    return mapped


def _value(raw: ibis.Table, column: Column, mapped: ColumnMapping | None, mapping: TableMapping) -> Any:
    import ibis

    if mapped is None:
        return ibis.null(DTYPES[column.kind])
    if mapped.through or mapped.row_number:
        found = raw[f"_through_{column.name}"] if mapped.through else raw["_row"].cast("string")
        is_text = column.kind == "number" and found.type().is_string()
        return parsed_number(found, mapping.decimal) if is_text else found
    if mapped.constant is not None:
        return parsed(ibis.literal(str(mapped.constant)), column, mapping)
    source = _scalar(raw, str(mapped.column))
    if mapped.values:
        source = source.cast("string").strip()
        source = source.cases(*mapped.values.items(), else_=source)
    value = parsed(source, column, mapping)
    if mapped.times:
        value = value * parsed(raw[mapped.times], column, mapping)
    if mapped.plus_minutes:
        value = later(value, parsed_number(raw[mapped.plus_minutes], mapping.decimal))
    return value


def _scalar(raw: ibis.Table, column: str) -> Any:
    kind = raw[column].type()
    if kind.is_nested() or kind.is_binary():
        do = "leave it out with `ignore`, or export it as text or numbers"
        raise ConfigError.of(f"a column {column} of type {kind}", "text, numbers, times or booleans", do)
    return raw[column]


def _one_per_key(rows: ibis.Table, table: Table) -> ibis.Table:
    smallest = {name: rows[name].min() for name in rows.columns if name not in table.key}
    grouped: ibis.Table = rows.group_by(list(table.key)).aggregate(**smallest)
    return grouped
