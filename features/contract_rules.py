"""What each row of a table has to be by itself, as expressions that are true for rows that break the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from features.parsing import BEYOND
from features.tables import Column, Table

if TYPE_CHECKING:
    import ibis


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the contract: `broken` is true for rows that break it, `came` what they hold."""

    column: str
    broken: Any
    came: Any
    what: str
    expected: str
    do: str


def contract_rules(rows: ibis.Table, table: Table) -> list[Rule]:
    """Return the rules that can be told from a row alone."""
    declared = [*table.columns, *_further_numbers(rows, table)]
    rules = [rule for column in declared for rule in _column_rules(rows, column)]
    for earlier, later in table.order:
        do = "correct one of the two at the source"
        broken, came = rows[later] < rows[earlier], rows[later]
        rules.append(Rule(later, broken, came, f"before {earlier}", f"not before {earlier}", do))
    if "score" in rows.columns and "scale_min" in rows.columns:
        off_scale = (rows["score"] < rows["scale_min"]) | (rows["score"] > rows["scale_max"])
        expected, do = "a score from scale_min to scale_max", "correct the score or the scale"
        rules.append(Rule("score", off_scale, rows["score"], "outside its scale", expected, do))
    return rules


def _further_numbers(rows: ibis.Table, table: Table) -> list[Column]:
    """Columns beyond the contract that are numbers."""
    came = [name.removeprefix("_came_") for name in rows.columns if name.startswith("_came_")]
    return [Column(name, "number", BEYOND) for name in came if table.column(name) is None]


def _column_rules(rows: ibis.Table, column: Column) -> list[Rule]:
    value, rules = rows[column.name], []
    missing = value.isnull()
    if f"_came_{column.name}" in rows.columns:
        came = rows[f"_came_{column.name}"]
        unread, missing = missing & came.notnull(), missing & came.isnull()
        do = "correct it, or say in the mapping how it is written (dates, decimal, values)"
        rules.append(Rule(column.name, unread, came, f"not {column.expected}", column.expected, do))
    if column.required:
        do = "fill it in at the source, or map the column that holds it"
        rules.append(Rule(column.name, missing, value, "missing", column.expected, do))
    if column.values:
        do = f"translate it under [tables.*.columns.{column.name}.values]"
        alien = value.notnull() & ~value.isin(column.values)
        rules.append(Rule(column.name, alien, value, f"not {column.expected}", column.expected, do))
    if column.minimum is not None or column.maximum is not None:
        low, high = column.minimum, column.maximum
        outside = (value < low) if high is None else (value < low) | (value > high)
        rules.append(Rule(column.name, outside, value, "out of range", column.expected, "correct it at the source"))
    return rules
