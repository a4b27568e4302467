"""What is wrong with the rows of the tables, and which of them break the contract."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from features.checked import Checked
from features.contract_rules import contract_rules
from features.errors import ConfigError, DataError
from features.parsing import is_ours
from features.readers import file_names
from features.rejects import REJECT_COLUMNS, Breach, reject_rows, repeats, strangers, without
from features.sources import Warehouse, open_files, open_table, raw_key, readable
from features.tables import TABLES, Table

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from features.mapping import Sources, TableMapping

Severity = Literal["error", "warning", "info"]
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
    """What came of reading every table: the findings, the rows that broke the contract, and tables of many files."""

    findings: list[Finding] = field(default_factory=list)
    rejects: list[pd.DataFrame] = field(default_factory=list)
    of_many_files: set[str] = field(default_factory=set)

    def reject_rows(self) -> pd.DataFrame:
        """All rejects: table, file, row (in the file, from 1), key, column, came, expected, do."""
        import pandas as pd

        empty = pd.DataFrame({column: pd.Series(dtype=object) for column in REJECT_COLUMNS})
        return pd.concat(self.rejects, ignore_index=True) if self.rejects else empty


def read_tables(warehouse: Warehouse, sources: Sources, kept: Path | None = None) -> Reading:
    """Open every mapped table, set aside the rows that break the contract, and keep the others in the warehouse.

    Parameters
    ----------
    warehouse, sources
        where to, and from where.
    kept
        a file that says from run to run which files were found sound: they are not looked at again.

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
    reading, checked = Reading(), Checked.read(kept) if kept else None
    # Accounts first: every other table is held against them.
    for name in sorted(sources.tables, key=lambda name: name != "accounts"):
        rows = open_table(warehouse, sources, name)
        with readable(sources, name):
            if checked and _is_sound(warehouse, sources, TABLES[name], checked):
                warehouse.view(name, _own(rows))
            else:
                _check(warehouse, sources, TABLES[name], reading)
        if checked and not any(finding.table == name for finding in reading.findings):
            checked.add(warehouse, name)
    if checked:
        checked.write()
    return reading


def fail_on_rejects(reading: Reading, on_reject: Literal["fail", "drop"]) -> None:
    """Raise DataError naming the first rejects, unless the settings say to leave bad rows out."""
    errors = [finding for finding in reading.findings if finding.severity == "error"]
    if not errors or on_reject == "drop":
        return
    rejects = reading.reject_rows()
    many = reading.of_many_files
    first = [
        _in_words(reject, is_one_file=reject["table"] not in many)
        for reject in rejects.head(REJECTS_SHOWN).to_dict("records")
    ]
    more = f"; and {len(rejects) - len(first)} more" if len(rejects) > len(first) else ""
    raise DataError.of(
        f"{len(rejects)} rows that break the contract: {'; '.join(first)}{more}",
        "rows as `perennial schema` describes them",
        'see the rejects file of `perennial check`, mend the source, or set on_reject = "drop"',
    )


def _in_words(reject: Mapping[Hashable, Any], *, is_one_file: bool) -> str:
    where = f"row {reject['row']}" if is_one_file else f"{reject['file']} row {reject['row']}"
    return (
        f"{reject['table']} {where} ({reject['key']}), {reject['column']}: {reject['came']!r},"
        f" expected {reject['expected']}"
    )


def _check(warehouse: Warehouse, sources: Sources, table: Table, reading: Reading) -> None:
    """Report what is wrong with a table, and keep its sound rows."""
    mapping = sources.tables[table.name]
    n, rows, breaches = _breaches_of_rows(warehouse.tables[table.name], table)
    if not _has_own_key(mapping, table):
        breaches += [breach] if (breach := repeats(rows, table.key)) else []
    breaches += [breach] if (breach := _strangers(warehouse, rows, table)) else []
    if breaches:
        files = file_names(warehouse, sources.location, mapping)
        rejects = [reject_rows(table, breach, files) for breach in breaches]
        reading.findings += [Finding(table.name, b.column, "error", b.what, b.n, b.do) for b in breaches]
        reading.rejects += [frame[list(REJECT_COLUMNS)] for frame in rejects]
        reading.of_many_files |= {table.name} if len(files) > 1 else set()
        rows = without(warehouse, rows, rejects)
        left_out = [frame["_row"].tolist() for frame in rejects]
        warehouse.origins[table.name] = warehouse.origins[table.name].without(left_out)
        if len({row for frame in rejects for row in frame["_row"]}) == n:
            first = breaches[0]
            came = f"{table.name}, every row of which is rejected ({first.column}: {first.what})"
            raise DataError.of(came, first.expected, first.do)
    warehouse.view(table.name, _own(rows))


def _strangers(warehouse: Warehouse, rows: ibis.Table, table: Table) -> Breach | None:
    accounts = warehouse.tables.get("accounts")
    is_held_against = accounts is not None and table.name != "accounts" and "account_id" in rows.columns
    return strangers(rows, accounts) if is_held_against else None


def _own(rows: ibis.Table) -> ibis.Table:
    """The rows with their numbers, without the other columns of the reading."""
    own: ibis.Table = rows.select(*[column for column in rows.columns if column == "_row" or not is_ours(column)])
    return own


def _is_sound(warehouse: Warehouse, sources: Sources, table: Table, checked: Checked) -> bool:
    """Whether all rows keep the contract, by what is known of the files that were read before."""
    new = checked.new_files(warehouse, table.name)
    if new is None:
        return False
    if not checked.knows_accounts(warehouse, table.name) and _strangers(warehouse, warehouse.tables[table.name], table):
        return False
    if not new:
        return True
    _, rows, breaches = _breaches_of_rows(open_files(warehouse, sources, table.name, new), table)
    if breaches or _strangers(warehouse, rows, table):
        return False
    return _has_own_key(sources.tables[table.name], table) or not (
        repeats(rows, table.key) or _stood_before(warehouse, sources, table, new)
    )


def _stood_before(warehouse: Warehouse, sources: Sources, table: Table, new: tuple[Path, ...]) -> bool:
    """Whether a key of new files stands in another: then it is there oftener than in these."""
    keys = raw_key(warehouse, sources, table.name, new)
    every = raw_key(warehouse, sources, table.name).semi_join(keys, list(table.key))
    return bool(every.count().to_pyarrow().as_py() > keys.count().to_pyarrow().as_py())


def _breaches_of_rows(rows: ibis.Table, table: Table) -> tuple[int, ibis.Table, list[Breach]]:
    """Count the rows and, in the same pass, what breaks a rule; columns that need no parsing are as they stand."""
    rules = contract_rules(rows, table)
    unparsed = [name.removeprefix("_plain_") for name in rows.columns if name.startswith("_plain_")]
    tests = {f"rule_{i}": rule.broken.fill_null(False).sum() for i, rule in enumerate(rules)}
    tests |= {f"parsed_{name}": (~rows[name].identical_to(rows[f"_plain_{name}"])).sum() for name in unparsed}
    counts = rows.aggregate(_n=rows.count(), **tests).to_pyarrow().to_pylist()[0]
    breaches = [
        Breach(rule.column, n, rows.filter(rule.broken.fill_null(False)), rule.came, rule.what, rule.expected, rule.do)
        for i, rule in enumerate(rules)
        if (n := int(counts[f"rule_{i}"] or 0))
    ]
    plain = {name: rows[f"_plain_{name}"] for name in unparsed if not counts[f"parsed_{name}"]}
    kept = [name for name in rows.columns if name == "_row" or not is_ours(name)]
    return counts["_n"], rows.select(**{name: plain.get(name, rows[name]) for name in kept}), breaches


def _has_own_key(mapping: TableMapping, table: Table) -> bool:
    """Whether no key can repeat: it is the row's number, or rows with the same key are one."""
    key = mapping.mapping(table.key[0])
    return mapping.one_per_key or (len(table.key) == 1 and key is not None and key.row_number)
