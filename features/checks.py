"""What is wrong with the rows of the tables, and which of them break the contract."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from features.errors import ConfigError, DataError
from features.parsing import BEYOND, is_ours
from features.sources import Warehouse, open_table
from features.tables import TABLES, Column, Table

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from features.mapping import Sources

Severity = Literal["error", "warning", "info"]
REJECT_COLUMNS = ("table", "row", "key", "column", "came", "expected", "do")
REJECTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the sufficiency report."""

    table: str
    column: str
    severity: Severity
    what: str
    n: int
    do: str


@dataclass
class Reading:
    """What came of reading every table: the findings, and the rows that broke the contract."""

    findings: list[Finding] = field(default_factory=list)
    rejects: list[pd.DataFrame] = field(default_factory=list)

    def reject_rows(self) -> pd.DataFrame:
        """All rejects: table, row (from 1), key, column, came, expected, do."""
        import pandas as pd

        empty = pd.DataFrame({column: pd.Series(dtype=object) for column in REJECT_COLUMNS})
        return pd.concat(self.rejects, ignore_index=True) if self.rejects else empty


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule of the contract: `broken` is true for rows that break it."""

    column: str
    broken: Any
    came: Any
    what: str
    expected: str
    do: str


def read_tables(warehouse: Warehouse, sources: Sources) -> Reading:
    """Open every mapped table, set aside the rows that break the contract, and keep the others in the warehouse.

    Raises
    ------
    ConfigError
        when no accounts are mapped, or a source is not there.
    DataError
        when a table is empty or unreadable, or keeps no row once rejects are set aside.
    """
    if not {"accounts", "observations"} & set(sources.tables):
        came = f"tables {', '.join(sources.tables) or 'none'}"
        raise ConfigError.of(came, "accounts, or observations", "map one under [tables]; `perennial init` does")
    reading = Reading()
    # Accounts first: every other table is held against them.
    for name in sorted(sources.tables, key=lambda name: name != "accounts"):
        open_table(warehouse, sources, name)
        _check(warehouse, name, reading)
    return reading


def fail_on_rejects(reading: Reading, on_reject: Literal["fail", "drop"]) -> None:
    """Raise DataError naming the first rejects, unless the settings say to leave bad rows out."""
    errors = [finding for finding in reading.findings if finding.severity == "error"]
    if not errors or on_reject == "drop":
        return
    rejects = reading.reject_rows()
    first = [_in_words(reject) for reject in rejects.head(REJECTS_SHOWN).to_dict("records")]
    more = f"; and {len(rejects) - len(first)} more" if len(rejects) > len(first) else ""
    raise DataError.of(
        f"{len(rejects)} rows that break the contract: {'; '.join(first)}{more}",
        "rows as `perennial schema` describes them",
        'see the rejects file of `perennial check`, mend the source, or set on_reject = "drop"',
    )


def _in_words(reject: Mapping[Hashable, Any]) -> str:
    return (
        f"{reject['table']} row {reject['row']} ({reject['key']}), {reject['column']}: {reject['came']!r},"
        f" expected {reject['expected']}"
    )


def _check(warehouse: Warehouse, name: str, reading: Reading) -> None:
    rows, table = warehouse.tables[name], TABLES[name]
    rows = _with_repeats(rows, table)
    rules = _rules(rows, table, warehouse.tables.get("accounts"))
    tests = {f"rule_{i}": rule.broken.fill_null(False).sum() for i, rule in enumerate(rules)}
    counts = rows.aggregate(_n=rows.count(), **tests).to_pyarrow().to_pylist()[0]
    broken = [(rule, int(counts[f"rule_{i}"] or 0)) for i, rule in enumerate(rules)]
    broken = [(rule, n) for rule, n in broken if n]
    reading.findings += [Finding(name, rule.column, "error", rule.what, n, rule.do) for rule, n in broken]
    reading.rejects += [_reject_rows(rows, table, rule) for rule, _ in broken]
    _keep_sound(warehouse, name, rows, [rule for rule, _ in broken])


def _with_repeats(rows: ibis.Table, table: Table) -> ibis.Table:
    """Mark rows whose key stood in an earlier row."""
    import ibis

    if "_row" not in rows.columns:
        rows = rows.mutate(_row=ibis.row_number() + 1)
    first = rows["_row"].min().over(ibis.window(group_by=list(table.key)))
    repeats: ibis.Table = rows.mutate(_repeats=rows["_row"] > first)
    return repeats


def _keep_sound(warehouse: Warehouse, name: str, rows: ibis.Table, broken: list[_Rule]) -> None:
    sound = rows
    for rule in broken:
        sound = sound.filter(~rule.broken.fill_null(False))
    kept = sound.select(*[column for column in rows.columns if not is_ours(column)])
    if not broken:
        warehouse.tables[name] = kept
        return
    stored = warehouse.store(name, kept)
    if stored.count().to_pyarrow().as_py() == 0:
        rule = broken[0]
        raise DataError.of(
            f"{name}, every row of which is rejected ({rule.column}: {rule.what})", rule.expected, rule.do
        )


def _rules(rows: ibis.Table, table: Table, accounts: ibis.Table | None) -> list[_Rule]:
    declared = [*table.columns, *_further_numbers(rows, table)]
    rules = [rule for column in declared for rule in _column_rules(rows, column)]
    for earlier, later in table.order:
        do = "correct one of the two at the source"
        came = rows[later].cast("string")
        rules.append(_Rule(later, rows[later] < rows[earlier], came, f"before {earlier}", f"not before {earlier}", do))
    if "score" in rows.columns and "scale_min" in rows.columns:
        off_scale = (rows["score"] < rows["scale_min"]) | (rows["score"] > rows["scale_max"])
        do = "correct the score or the scale"
        came = rows["score"].cast("string")
        rules.append(_Rule("score", off_scale, came, "outside its scale", "a score from scale_min to scale_max", do))
    key = ", ".join(table.key)
    came = rows[table.key[0]]
    rules.append(_Rule(key, rows["_repeats"], came, "the key stood before", "a key of its own", "remove the repeats"))
    if accounts is not None and table.name != "accounts" and "account_id" in rows.columns:
        # An account of its own name is none that accounts knows: the join would lose it silently.
        unknown = rows["account_id"].notnull() & rows["account_id"].notin(accounts["account_id"])
        do = "add the account, or leave its rows out"
        rules.append(_Rule("account_id", unknown, rows["account_id"], "no such account", "an account of accounts", do))
    return rules


def _further_numbers(rows: ibis.Table, table: Table) -> list[Column]:
    """Columns beyond the contract that were recognised as numbers."""
    came = [name.removeprefix("_came_") for name in rows.columns if name.startswith("_came_")]
    return [Column(name, "number", BEYOND) for name in came if table.column(name) is None]


def _column_rules(rows: ibis.Table, column: Column) -> list[_Rule]:
    import ibis

    value, rules = rows[column.name], []
    came = rows[f"_came_{column.name}"] if f"_came_{column.name}" in rows.columns else ibis.null("string")
    if f"_came_{column.name}" in rows.columns:
        do = "correct it, or say in the mapping how it is written (dates, decimal, values)"
        unread = value.isnull() & came.notnull()
        rules.append(_Rule(column.name, unread, came, f"not {column.expected}", column.expected, do))
    if column.required:
        do = "fill it in at the source, or map the column that holds it"
        rules.append(_Rule(column.name, value.isnull() & came.isnull(), came, "missing", column.expected, do))
    if column.values:
        do = f"translate it under [tables.*.columns.{column.name}.values]"
        alien = value.notnull() & ~value.isin(column.values)
        rules.append(_Rule(column.name, alien, value, f"not {column.expected}", column.expected, do))
    if column.minimum is not None or column.maximum is not None:
        low, high = column.minimum, column.maximum
        outside = (value < low) if high is None else (value < low) | (value > high)
        do = "correct it at the source"
        rules.append(_Rule(column.name, outside, value.cast("string"), "out of range", column.expected, do))
    return rules


def _reject_rows(rows: ibis.Table, table: Table, rule: _Rule) -> pd.DataFrame:
    key = rows[table.key[0]].cast("string")
    for part in table.key[1:]:
        key = key + " " + rows[part].cast("string").fill_null("")
    found = rows.filter(rule.broken.fill_null(False)).select(row=rows["_row"], key=key, came=rule.came)
    rejects: pd.DataFrame = found.order_by("row").to_pyarrow().to_pandas()
    rejects = rejects.assign(table=table.name, column=rule.column, expected=rule.expected, do=rule.do)
    return rejects[list(REJECT_COLUMNS)]
