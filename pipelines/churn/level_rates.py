"""Categories with many levels, read as the churn rate of each level: learnt from some rows, told of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
Rates: TypeAlias = "Mapping[int, FloatArray]"

SMOOTHING = 20.0
"""A level's rate is pulled to that of all as if so many further accounts were of it."""
PARTS = 5


def level_rates(
    codes: Matrix, churned: npt.NDArray[np.bool_], accounts: npt.NDArray[np.intp], n_levels: int
) -> FloatArray:
    """Return (n_levels,) the smoothed churn rate of each level (Micci-Barreca 2001, SIGKDD Explorations 3, equation 3).

    Rows of one account tell the same again: together they count as one account.

    >>> codes, churned = np.array([0, 0, 1, np.nan], dtype=np.float32), np.array([True, True, False, False])
    >>> level_rates(codes, churned, np.arange(4), 3).round(3).tolist()
    [0.545, 0.476, 0.5]
    """
    known = ~np.isnan(codes)
    # An account counts as 1 over all its rows.
    weight = 1.0 / np.bincount(accounts)[accounts]
    prior = float(np.average(churned, weights=weight))
    level = codes[known].astype(np.intp)
    n = np.bincount(level, weight[known], n_levels)
    left = np.bincount(level, weight[known] * churned[known], n_levels)
    return np.asarray((left + SMOOTHING * prior) / (n + SMOOTHING), dtype=np.float64)


def rates_of(
    X: Matrix, churned: npt.NDArray[np.bool_], accounts: npt.NDArray[np.intp], crowded: Sequence[tuple[int, int]]
) -> Rates:
    """Return by position of a crowded category the rates of its levels; `crowded` has each one's number of levels."""
    return {place: level_rates(X[:, place], churned, accounts, n_levels) for place, n_levels in crowded}


def with_rates(X: Matrix, rates: Rates) -> Matrix:
    """Return encoded rows with rates in place of codes; a level that was not there stays not known."""
    if not rates:
        return X
    found = X.copy()
    for place, of_level in rates.items():
        known = ~np.isnan(X[:, place])
        found[known, place] = of_level[X[known, place].astype(np.intp)]
    return found


def with_rates_of_others(
    X: Matrix,
    churned: npt.NDArray[np.bool_],
    accounts: npt.NDArray[np.intp],
    crowded: Sequence[tuple[int, int]],
    seed: int,
) -> Matrix:
    """Return rows to learn from, each with the rates that other accounts tell.

    Were its own outcome in the rate it is told, trees would take a small level's rate for the outcome itself.
    """
    part = np.random.default_rng(seed).integers(PARTS, size=int(accounts.max()) + 1)[accounts]
    found = X.copy()
    for number in range(PARTS):
        own, others = part == number, part != number
        if own.any() and others.any():
            rates = rates_of(X[others], churned[others], accounts[others], crowded)
            found[own] = with_rates(X[own], rates)
    return found
