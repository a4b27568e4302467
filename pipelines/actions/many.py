"""The choice for very many accounts: a price for whatever runs out, then the offers that are worth most at these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize

from pipelines.actions.choose import NOTHING, Chosen, Limit, value_of, within
from pipelines.drivers.nuisance import Bools, Floats
from pipelines.drivers.rows import Ints

STEPS = 60
TINY = 1e-12
MOST_AT_ONCE = 200_000
"""Accounts whose offers are held at once as 64-bit numbers."""


@dataclass(frozen=True, eq=False)
class _Priced:
    """Offers worth making and what they take: what is asked again and again while prices are looked for."""

    values: Floats
    limits: Sequence[Limit]

    @cached_property
    def starts(self) -> Ints:
        """Where each limit's prices begin among all prices."""
        return np.concatenate([[0], np.cumsum([len(limit.there) for limit in self.limits])]).astype(np.int64)

    @cached_property
    def there(self) -> Floats:
        """How much there is, in the order of the prices."""
        return np.concatenate([limit.there for limit in self.limits]) if self.limits else np.zeros(0)

    def best(self, prices: Floats) -> tuple[Ints, Floats]:
        """Return each account's best action at these prices, and what remains of its value; no action: -1, 0."""
        action, gain = np.empty(len(self.values), dtype=np.int64), np.empty(len(self.values))
        for first in range(0, len(self.values), MOST_AT_ONCE):
            part = slice(first, first + MOST_AT_ONCE)
            rest = np.where(self.values[part] > 0, self.values[part], -np.inf).astype(np.float64)
            for start, limit in zip(self.starts, self.limits, strict=False):
                own = prices[start : start + len(limit.there)]
                if own.any():
                    rest -= own[limit.group[part]][:, None] * limit.uses
            best = rest.argmax(axis=1)
            gain[part] = rest[np.arange(len(rest)), best]
            action[part] = np.where(gain[part] > 0, best, NOTHING)
        return action, np.maximum(gain, 0.0)

    def dual(self, prices: Floats) -> tuple[float, Floats]:
        """Return what no choice can exceed, by Lagrange's relaxation at these prices, and its slope in each."""
        action, gain = self.best(prices)
        used = [limit.used(action) for limit in self.limits]
        slope = self.there - (np.concatenate(used) if used else np.zeros(0))
        return float(gain.sum() + prices @ self.there), slope


def by_prices(values: Floats, worthwhile: Bools, limits: Sequence[Limit]) -> Chosen:
    """Return a choice near the best, and what the best cannot exceed: the gap is proven, not hoped for.

    The relaxation of Lagrange (Fisher 1981, Management Science 27): every limit has a price, and each account takes
    what is worth most beyond prices. The lowest dual value over all prices bounds every choice; with many accounts it
    is smooth enough for L-BFGS-B. What accounts then want is granted in order of value for price, while it fits; what
    is left of the limits goes to the next best offers.
    """
    some = np.flatnonzero(worthwhile.any(axis=1))
    own = [Limit(limit.name, limit.uses, limit.there, limit.group[some]) for limit in limits]
    offers = _Priced(values[some], own)
    prices, bound = _prices(offers)
    action = _granted(offers, prices)
    found = np.full(len(values), NOTHING)
    found[some] = action
    return Chosen(found, value_of(values, found), bound, "prices")


def _prices(offers: _Priced) -> tuple[Floats, float]:
    """The prices with the lowest bound found, and that bound."""
    free = np.zeros(len(offers.there))
    bound, slope = offers.dual(free)
    best = (bound, free)
    # Prices are looked for in units of value for the whole of what there is, so that all are alike in size.
    scale = bound / np.maximum(offers.there, TINY)
    scale = np.where(offers.there > 0, scale / max(len(free), 1), bound)
    if (slope >= 0).all():
        return free, bound

    def dual(scaled: Floats) -> tuple[float, Floats]:
        nonlocal best
        value, own_slope = offers.dual(scaled * scale)
        best = min(best, (value, scaled * scale), key=lambda pair: pair[0])
        return value / bound, own_slope * scale / bound

    start = np.where(slope < 0, 0.1, 0.0)
    for _ in range(3):
        done = minimize(
            dual, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(free), options={"maxiter": STEPS}
        )
        if done.fun >= 1 or np.allclose(done.x, start):
            break
        start = done.x
    return best[1], best[0]


def _granted(offers: _Priced, prices: Floats) -> Ints:
    """What accounts want at the prices, where it fits; then whatever else fits."""
    wanted, _ = offers.best(prices)
    nothing = np.full(len(wanted), NOTHING)
    rows = np.flatnonzero(wanted != NOTHING)
    action = _taken(offers, prices, rows, wanted[rows], nothing)
    left = np.flatnonzero(action == NOTHING)
    rows, columns = np.nonzero(offers.values[left] > 0)
    return _taken(offers, prices, left[rows], columns, action)


def _taken(offers: _Priced, prices: Floats, rows: Ints, columns: Ints, action: Ints) -> Ints:
    """Offers taken up in the order of value for price, until so little is left that none fits."""
    cost = np.zeros(len(rows))
    fit = np.ones(len(rows), dtype=bool)
    for start, limit in zip(offers.starts, offers.limits, strict=False):
        cost += prices[start + limit.group[rows]] * limit.uses[columns]
        fit &= limit.uses[columns] <= (limit.there - limit.used(action))[limit.group[rows]]
    rows, columns, cost = rows[fit], columns[fit], cost[fit]
    order = np.argsort(-offers.values[rows, columns] / np.maximum(cost, TINY), kind="stable")
    return within(offers.values, rows[order], columns[order], offers.limits, action)
