"""A company's tables as real exports are: every kind of bad data that the checks know of, in small shares."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.company.arrays import Array
from experiments.company.mistakes import ENDS, MISTAKES, Mistake, as_text, last_ends
from experiments.company.streams import Streams

SHARE = 0.002  # of a table's rows that have one mistake; at least one row has it
REPEATED = ("accounts", "contacts", "transactions", "activities", "cases", "survey_responses")
MIRROR = "lifecycle"  # the column of accounts that gives the label away
MIRROR_ERRS = 0.01  # in so many rows
CSV_ENCODINGS: Mapping[str, str] = MappingProxyType({"touchpoints": "cp1252"})  # tables exported so, not as Parquet


class Messy(NamedTuple):
    """Tables, and what was done to them: one entry a mistake, with the rows (from 1, in the file) and their keys."""

    tables: dict[str, pd.DataFrame]
    corruptions: list[dict[str, Any]]


def corrupted(tables: Mapping[str, pd.DataFrame], seed: int) -> Messy:
    """Return copies of a company's tables with mistakes; no row has two of them, and repeats come last."""
    ends = last_ends(tables["subscriptions"])
    messy, corruptions = {}, []
    for name, table in tables.items():
        rng = Streams(seed).of("mistakes in " + name)
        messy[name], done = _spoilt(table, [each for each in MISTAKES if each.table == name], ends, rng)
        if name in REPEATED:
            messy[name], repeats = _repeated(messy[name], _untouched(table, done), name, rng)
            done.append(repeats)
        corruptions += done
    messy["accounts"], mirror = _mirrored(messy["accounts"], ends, Streams(seed).of("mirror"))
    return Messy(messy, [*corruptions, mirror])


def _spoilt(
    table: pd.DataFrame, mistakes: list[Mistake], ends: pd.Series, rng: np.random.Generator
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    known = table.assign(**{ENDS: table["account_id"].map(ends)}) if "account_id" in table else table
    messy, done = table.copy(), list[dict[str, Any]]()
    for mistake in mistakes:
        can = known[mistake.column].notna() & (True if mistake.can is None else mistake.can(known))
        possible = np.intersect1d(np.nonzero(can.to_numpy())[0], _untouched(table, done))
        rows = _drawn(possible, len(table), rng)
        wrong = mistake.spoilt(known[mistake.column].iloc[rows], known.iloc[rows], rng)
        messy[mistake.column] = _with(messy[mistake.column], rows, wrong)
        done.append(_record(mistake.kind, mistake.table, mistake.column, table.iloc[rows, 0], rows))
    return messy, done


def _with(values: pd.Series, rows: Array, wrong: pd.Series) -> pd.Series:
    """The column with what is wrong in it: all of it becomes text when that is what is wrong."""
    if wrong.dtype != values.dtype and pd.api.types.is_string_dtype(wrong):
        values = as_text(values)
    values = values.copy()
    values.iloc[rows] = wrong.to_numpy()
    return values


def _repeated(
    table: pd.DataFrame, possible: Array, name: str, rng: np.random.Generator
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Some rows are exported again, at the end."""
    again = table.iloc[_drawn(possible, len(table), rng)]
    rows = len(table) + np.arange(len(again))
    record = _record("repeated key", name, table.columns[0], again.iloc[:, 0], rows)
    return pd.concat([table, again], ignore_index=True), record


def _mirrored(accounts: pd.DataFrame, ends: pd.Series, rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A column that is written once an account has left."""
    has_left = accounts["account_id"].map(ends).notna() ^ (rng.random(len(accounts)) < MIRROR_ERRS)
    mirror = pd.Series(np.where(has_left, "former", "customer"), dtype="str")
    rows = np.arange(len(accounts))
    record = _record("mirrors the label", "accounts", MIRROR, accounts["account_id"], rows)
    return accounts.assign(**{MIRROR: mirror}), record


def _untouched(table: pd.DataFrame, done: list[dict[str, Any]]) -> Array:
    touched = [row - 1 for record in done for row in record["rows"]]
    return np.setdiff1d(np.arange(len(table)), np.array(touched, dtype=np.int64), assume_unique=True)


def _drawn(possible: Array, n_rows: int, rng: np.random.Generator) -> Array:
    size = min(len(possible), max(1, round(SHARE * n_rows)))
    return np.sort(rng.choice(possible, size, replace=False))


def _record(kind: str, table: str, column: str, keys: pd.Series, rows: Array) -> dict[str, Any]:
    return {"kind": kind, "table": table, "column": column, "rows": (rows + 1).tolist(), "keys": keys.tolist()}
