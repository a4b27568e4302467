"""Columns that only say which account it is, and accounts that are one under two ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.checks import Finding

if TYPE_CHECKING:
    from features.feature import Feature

FEWEST = 50
UNIQUE = 0.99
DENSE = 3
"""Whole numbers that fill a range of at most so many times their count were given out one after the other."""
TENURE = "tenure_days"
SAME_ORDER = 0.95
BY_CHANCE = 10
"""So many times more equal pairs than chance would make are no chance."""
FEWEST_PAIRS = 5
MOST_LOOKED_AT = 100_000


def numbered(matured: pd.DataFrame, features: tuple[Feature, ...]) -> Iterator[Finding]:
    """Yield a warning for each column that numbers accounts: a model takes it for time, and it ends with today."""
    last = matured.drop_duplicates("account_id", keep="last")
    if len(last) < FEWEST:
        return
    tenure = last.get(TENURE)
    for feature in features:
        if feature.kind == "number" and feature.name != TENURE and (feature.static or "as_of" not in matured):
            how = _how_numbered(last[feature.name], tenure)
            if how:
                do = f"leave it out ([tables.*] ignore = [{feature.name!r}]): it says which account it is, not what"
                yield Finding("panel", feature.name, "warning", f"it looks like an id: {how}", len(last), do)


def _how_numbered(column: pd.Series, tenure: pd.Series | None) -> str | None:
    known = column.dropna().astype(float)
    if len(known) < FEWEST or known.nunique() < UNIQUE * len(known) or (known % 1 != 0).any():
        return None
    if tenure is not None and abs(known.corr(tenure[known.index].astype(float), method="spearman")) >= SAME_ORDER:
        return "whole numbers in the order in which accounts came"
    if known.max() - known.min() < DENSE * len(known):
        return "whole numbers, another for each account, given out one after the other"
    return None


def twins(matured: pd.DataFrame, features: tuple[Feature, ...]) -> Iterator[Finding]:
    """Yield a warning where accounts are alike in every column: one under two ids is learnt from and judged on at once.

    At the latest date, and only beyond what chance makes of so many values a column: the expected number of equal pairs
    is that of independent columns.
    """
    rows = matured[matured["as_of"] == matured["as_of"].max()] if "as_of" in matured else matured
    rows = rows.drop_duplicates("account_id")
    columns, n = rows[[feature.name for feature in features]], len(rows)
    hashes = pd.util.hash_pandas_object(columns, index=False)
    sizes = hashes.map(hashes.value_counts())
    pairs = float((sizes - 1).sum() / 2)
    if pairs < FEWEST_PAIRS:
        return
    by_chance = n * (n - 1) / 2 * np.prod([_alike(columns[name].head(MOST_LOOKED_AT)) for name in columns])
    if pairs > BY_CHANCE * by_chance:
        n_alike, first = int((sizes > 1).sum()), rows.loc[sizes > 1, "account_id"].astype("str").head(2)
        what = f"{n_alike:,} accounts are like another in every column, such as {' and '.join(first)}"
        yield Finding(
            "panel", "account_id", "warning", what, n_alike, "look whether they are one account under two ids"
        )


def _alike(column: pd.Series) -> float:
    """How probable it is that two accounts have the same value: the share of pairs that have."""
    counts, n = column.value_counts(dropna=False).to_numpy(dtype=float), len(column)
    return float((counts * (counts - 1)).sum() / max(n * (n - 1), 1))
