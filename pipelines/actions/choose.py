"""Which action for which account, if any: the most value under limits that are never exceeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.drivers.nuisance import Bools, Floats
from pipelines.drivers.rows import Ints

NOTHING = -1
MOST_EXACT = 20_000
"""Offers worth making, up to which the choice is exact."""


@dataclass(frozen=True, eq=False)
class Limit:
    """Something of which there is only so much: money, hours, or a number of one action.

    Attributes
    ----------
    uses
        (k,) what one of each action takes.
    there
        (g,) how much there is for each group of accounts.
    group
        (n,) each account's group; all 0 where all share.
    """

    name: str
    uses: Floats
    there: Floats
    group: Ints

    def used(self, action: Ints) -> Floats:
        """Return (g,) what a choice takes."""
        does = action != NOTHING
        weights = self.uses[action[does]]
        return np.bincount(self.group[does], weights, minlength=len(self.there)).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Chosen:
    """A choice: (n,) the place of each account's action, -1 for none; its value, and what no choice can exceed."""

    action: Ints
    value: float
    bound: float
    way: str

    @property
    def gap(self) -> float:
        """By what share of its value the best choice may be better (0: it is the best)."""
        return max(self.bound - self.value, 0.0) / self.value if self.value > 0 else 0.0


def choose(values: Floats, limits: Sequence[Limit]) -> Chosen:
    """Return the choice with the most value, at most one action an account.

    Parameters
    ----------
    values
        (n, k) what each action is expected to bring with each account, its cost taken off; not above 0, or NaN, where
        it is not worth doing or not allowed. Whatever the limits, that is never chosen.
    """
    worthwhile = values > 0
    n = int(worthwhile.sum())
    if n == 0:
        return Chosen(np.full(len(values), NOTHING), 0.0, 0.0, "nothing is worth doing")
    from pipelines.actions.exact import by_integer_programme
    from pipelines.actions.many import by_prices

    if n <= MOST_EXACT:
        return by_integer_programme(values, worthwhile, limits)
    return by_prices(values, worthwhile, limits)


def within(values: Floats, order: Ints, columns: Ints, limits: Sequence[Limit], action: Ints) -> Ints:
    """Return a choice to which offers (`order`: accounts, `columns`: actions) are added one by one where they fit.

    An account that has an action keeps it. Nothing is ever added that would take more than there is, to the last bit.
    """
    found = action.copy()
    left = [limit.there - limit.used(action) for limit in limits]
    for account, column in zip(order.tolist(), columns.tolist(), strict=True):
        if found[account] != NOTHING or not values[account, column] > 0:
            continue
        if all(limit.uses[column] <= rest[limit.group[account]] for limit, rest in zip(limits, left, strict=True)):
            found[account] = column
            for limit, rest in zip(limits, left, strict=True):
                rest[limit.group[account]] -= limit.uses[column]
    return found


def value_of(values: Floats, action: Ints) -> float:
    """Return what a choice is expected to bring."""
    does = np.flatnonzero(action != NOTHING)
    return float(values[does, action[does]].sum())


def fits(action: Ints, limits: Sequence[Limit]) -> Bools:
    """Return for each limit whether a choice keeps it."""
    return np.array([bool((limit.used(action) <= limit.there).all()) for limit in limits], dtype=bool)
