"""The best choice of all, by mixed-integer programming (HiGHS in SciPy)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.actions.choose import NOTHING, Chosen, Limit, value_of, within
from pipelines.actions.many import by_prices
from pipelines.drivers.nuisance import Bools, Floats

SECONDS = 30.0
GAP = 1e-4


def by_integer_programme(values: Floats, worthwhile: Bools, limits: Sequence[Limit]) -> Chosen:
    """Return the choice with the most value; where no better one was found in time, that by prices.

    Huangfu and Hall (2018), HiGHS. The solver may exceed a limit by a millionth: what it chose is taken up one by one,
    the most valuable first, and what does not fit is left.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    account, column = np.nonzero(worthwhile)
    gains = values[account, column]
    matrix, most = _constraints(account, column, len(values), limits)
    found = milp(
        -gains,
        integrality=np.ones(len(gains)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, ub=most),
        options={"time_limit": SECONDS, "mip_rel_gap": GAP},
    )
    if found.x is None:
        return by_prices(values, worthwhile, limits)
    taken = np.flatnonzero(found.x > 0.5)
    taken = taken[np.argsort(-gains[taken], kind="stable")]
    nothing = np.full(len(values), NOTHING)
    action = within(values, account[taken], column[taken], limits, nothing)
    order = np.argsort(-gains, kind="stable")
    action = within(values, account[order], column[order], limits, action)
    bound = -float(found.mip_dual_bound) if found.mip_dual_bound is not None else float(gains.sum())
    return Chosen(action, value_of(values, action), bound, "exact")


def _constraints(account: np.ndarray, column: np.ndarray, n: int, limits: Sequence[Limit]) -> tuple[object, Floats]:
    """One row an account (at most one action), and one for each group of each limit."""
    from scipy.sparse import coo_array, vstack

    places = np.arange(len(account))
    once = coo_array((np.ones(len(account)), (account, places)), shape=(n, len(account)))
    rows = [
        coo_array((limit.uses[column], (limit.group[account], places)), shape=(len(limit.there), len(account)))
        for limit in limits
    ]
    return vstack([once, *rows]).tocsr(), np.concatenate([np.ones(n), *(limit.there for limit in limits)])
