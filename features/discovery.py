"""A first mapping for a folder of files: what each seems to be, and what could not be told."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.aliases import COLUMN_ALIASES, TABLE_ALIASES
from features.errors import ConfigError
from features.look import Look, look, look_at_folder, named
from features.mapping import ColumnMapping, TableMapping
from features.readers import CSV, HIDDEN, PARQUET
from features.tables import TABLES

PERIODS = {"monthly": "1", "quarterly": "3", "annual": "12", "yearly": "12"}
DATE = re.compile(r"^\s*(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})\b")
COMMA_NUMBER = re.compile(r"^-?\d{1,3}(\.?\d{3})*,\d+$")


@dataclass(frozen=True)
class Discovery:
    """The mapping found, and notes on what a person has to look at."""

    tables: dict[str, TableMapping]
    notes: list[str] = field(default_factory=list)


def discover(folder: Path) -> Discovery:
    """Return a mapping of the Parquet and CSV files of a folder, and of its sub-folders whose files are one table.

    Raises
    ------
    ConfigError
        when the folder is not there, or holds no such file.
    """
    if not folder.is_dir():
        raise ConfigError.of(f"no folder {folder}", "a folder of Parquet or CSV files", "name one that is there")
    sources = sorted(filter(_is_source, folder.iterdir()), key=lambda path: (path.is_dir(), path.name))
    if not sources:
        raise ConfigError.of(f"{folder} without Parquet or CSV files", "at least one", "export your tables into it")
    found = Discovery({})
    for path in sources:
        try:
            seen = look_at_folder(path) if path.is_dir() else look(path)
        except (OSError, ValueError, csv.Error) as problem:
            # What Arrow and the decoders raise are ValueErrors too.
            said = "cannot be read as one table" if path.is_dir() else "cannot be read"
            found.notes.append(f"{named(path)}: {said} ({str(problem).splitlines()[0][:120]}); left out")
            continue
        _place(seen, found)
    if not {"accounts", "observations"} & set(found.tables):
        _accounts_from_events(found)
    return found


def _is_source(path: Path) -> bool:
    """Whether it is a file of a kind that is read, or a folder with some; an empty folder is nothing to speak of."""
    if path.is_dir():
        return not path.name.startswith(HIDDEN) and any(_is_file(each) for each in path.iterdir())
    return _is_file(path)


def _is_file(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in PARQUET | CSV


def _accounts_from_events(found: Discovery) -> None:
    """Without a file of accounts, the accounts are those that some table speaks of."""
    source = next((mapping for mapping in found.tables.values() if "account_id" in mapping.columns), None)
    if source is None:
        found.notes.append("no accounts and no observations: name one under [tables]")
        return
    plain = source.model_dump(include={"source", "encoding", "delimiter"})
    account = source.columns["account_id"]
    found.tables["accounts"] = TableMapping(
        **plain, columns={"account_id": account}, ignore=("*",), one_per_key=True, only_where=str(account)
    )
    found.notes.append(f"accounts are taken from {source.source}, one a distinct {account}")


def _place(seen: Look, found: Discovery) -> None:
    """Add a file to the mapping under the table that fits it best."""
    table = _table_of(seen, found.tables)
    if table is None:
        found.notes.append(f"{seen.source}: {_nearest(seen, found.tables)}; left out")
        return
    columns = _columns_of(seen, table)
    order, decimal, doubt = _dates_and_decimals(seen)
    if doubt:
        found.notes.append(f"{seen.source}: {doubt}")
    kept = {name: source for name, source in columns.items() if name != source}
    leaks = _label_columns(seen, table)
    if leaks:
        found.notes.append(f"{seen.source}: {', '.join(leaks)} may tell who left, so it is ignored")
    found.tables[table] = TableMapping(
        source=seen.source,
        encoding=seen.encoding,
        delimiter=seen.delimiter,
        decimal=decimal,
        dates=order,
        columns=kept,
        ignore=tuple(leaks),
    )
    if seen.path.is_dir():
        files = "1 file" if seen.n_files == 1 else f"{seen.n_files:,} files"
        found.notes.append(f"{seen.source}: {files}, read as one table in the order of their names")


def _table_of(seen: Look, taken: dict[str, TableMapping]) -> str | None:
    """The table that the file's name tells of, if its required columns are there; else the one whose columns fit."""
    name = _plain(seen.path.stem)
    free = [table for table in TABLE_ALIASES if table not in taken]
    named = [table for table in free if table == name or any(alias in name for alias in TABLE_ALIASES[table])]
    named.sort(key=lambda table: table != name)
    fitting = [table for table in [*named, *_by_columns(seen, free)] if _fits(seen, table)]
    return fitting[0] if fitting else None


def _nearest(seen: Look, taken: dict[str, TableMapping]) -> str:
    """Why no table fits: what the one that the file's name tells of still lacks."""
    name = _plain(seen.path.stem)
    named = [t for t in TABLE_ALIASES if t not in taken and any(alias in name for alias in (t, *TABLE_ALIASES[t]))]
    if not named:
        return "no table of the contract fits"
    absent = sorted(set(TABLES[named[0]].required) - set(_columns_of(seen, named[0])))
    return f"it looks like {named[0]} but has no column for {', '.join(absent)}"


def _by_columns(seen: Look, free: Sequence[str]) -> list[str]:
    """Tables that ask for more than a key and an account, those that ask for most first."""
    telling = [table for table in free if set(TABLES[table].required) - {TABLES[table].key[0], "account_id"}]
    return sorted(telling, key=lambda table: -len(TABLES[table].required))


def _fits(seen: Look, table: str) -> bool:
    """Whether every required column has a source; a file named for one thing may still be another."""
    columns = _columns_of(seen, table)
    is_all_there = set(TABLES[table].required) <= set(columns)
    # A row number makes a key for events, not for persons: contacts without an id are no contacts.
    return is_all_there and (table != "contacts" or isinstance(columns["contact_id"], str))


def _columns_of(seen: Look, table: str) -> dict[str, Any]:
    """The contract's columns that the file has, by their own or another name, each source used once."""
    by_plain = {_plain(name): name for name in seen.columns}
    found: dict[str, Any] = {}
    for exact in (True, False):
        for column in TABLES[table].columns:
            names = [column.name] if exact else COLUMN_ALIASES.get(column.name, ())
            source = next((by_plain[name] for name in names if name in by_plain), None)
            if source is not None and column.name not in found and source not in found.values():
                found[column.name] = source
    return found | _made_up(seen, table, found)


def _made_up(seen: Look, table: str, found: dict[str, Any]) -> dict[str, Any]:
    """Columns that the file lacks and that can be had all the same: a row number, an account through a subscription."""
    made: dict[str, Any] = {}
    by_plain = {_plain(name): name for name in seen.columns}
    key = TABLES[table].key[0]
    if key not in found and TABLES[table].happened:
        made[key] = ColumnMapping(row_number=True)
    if table == "transactions" and {"quantity", "price"} <= set(by_plain):
        made["amount"] = ColumnMapping(column=by_plain["quantity"], times=by_plain["price"])
    if "account_id" not in found and "subscription_id" in by_plain and table != "subscriptions":
        through = {"table": "subscriptions", "on": by_plain["subscription_id"]}
        made["account_id"] = ColumnMapping.model_validate({"through": through})
    period = found.get("billing_period_months")
    if period and set(map(str.lower, seen.columns[period])) & set(PERIODS):
        made["billing_period_months"] = ColumnMapping(column=period, values=PERIODS)
    return made


def _label_columns(seen: Look, table: str) -> list[str]:
    """Columns of accounts that by their name tell who left: they would be features that know the future."""
    if table != "accounts":
        return []
    told = (*COLUMN_ALIASES["churned"], "churned", "status", "cancel", "lost", "end_date", "closed_at", "left_at")
    return [name for name in seen.columns if any(word in _plain(name) for word in told)]


def _dates_and_decimals(seen: Look) -> tuple[Any, Any, str]:
    texts = [values for values in seen.columns.values() if values]
    dates = [match for values in texts for value in values if (match := DATE.match(value))]
    commas = any(all(COMMA_NUMBER.match(value) or value.isdigit() for value in values) and "," in "".join(values)
                 for values in texts)  # fmt: skip
    decimal = "," if commas and seen.delimiter != "," else "."
    if not dates:
        return "iso", decimal, ""
    day_first, month_first = _over_12(dates, 1), _over_12(dates, 2)
    if day_first and month_first:
        return "day_first", decimal, "dates in two orders; day first is assumed, the others will be rejected"
    if not day_first and not month_first:
        return "day_first", decimal, "dates could be day first or month first; day first is assumed, set `dates`"
    return ("day_first" if day_first else "month_first"), decimal, ""


def _over_12(dates: Iterable[re.Match[str]], part: int) -> bool:
    return any(int(date[part]) > 12 for date in dates)


def _plain(name: str) -> str:
    """A name in lower case with underscores.

    >>> _plain("customerID"), _plain("Invoice Date")
    ('customer_id', 'invoice_date')
    """
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip().lstrip("\ufeff"))
    return re.sub(r"[^a-z0-9]+", "_", snake.lower()).strip("_")
