"""Whom people mean to call and to review in a quarter: those of whose trouble the records tell when it begins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from experiments.company.arrays import Array
from experiments.company.parameters import Parameters
from experiments.company.shocks import Shocks
from experiments.company.streams import Streams

QUARTER = 3  # months


class Plan(NamedTuple):
    """Rescue calls and business reviews, grids of months x accounts."""

    rescues: Array
    reviews: Array


def planned(parameters: Parameters, shocks: Shocks, cases: Array, streams: Streams) -> Plan:
    """Return the plan of all quarters: confounded by indication, but by nothing that the tables do not show.

    Parameters
    ----------
    cases
        how many cases each account opens, months x accounts.
    """
    n_months, n = cases.shape
    rescues, reviews = np.zeros((n_months, n), dtype=bool), np.zeros((n_months, n), dtype=bool)
    for first in range(0, n_months, QUARTER):
        rng = streams.of("plan", first)
        troubled = is_troubled(parameters, shocks, cases, first)
        for grid, probs in ((rescues, (0.0, parameters.rescue_prob)), (reviews, parameters.review_probs)):
            chosen = rng.random(n) < np.where(troubled, probs[1], probs[0])
            month = np.minimum(first + rng.integers(QUARTER, size=n), n_months - 1)
            grid[month[chosen], np.flatnonzero(chosen)] = True
    return Plan(rescues, reviews)


def is_troubled(parameters: Parameters, shocks: Shocks, cases: Array, first: int) -> Array:
    """Return who had an outage or a billing error in the half year before a month, or many cases in the quarter."""
    half_year = slice(max(first - 2 * QUARTER, 0), first)
    struck = shocks.outage[half_year].any(axis=0) | shocks.billing_error[half_year].any(axis=0)
    many = cases[max(first - QUARTER, 0) : first].sum(axis=0) >= parameters.many_cases
    return np.asarray(struck | many)
