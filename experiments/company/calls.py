"""The calls that are meant to keep accounts: some drawn by lot, some for those who had trouble."""

from __future__ import annotations

import numpy as np

from experiments.company.arrays import Array
from experiments.company.parameters import Parameters
from experiments.company.plan import Plan
from experiments.company.streams import Streams

NOTHING, CALLED_BY_LOT, WITHHELD_BY_LOT, RESCUED = range(4)


def assigned_calls(parameters: Parameters, plan: Plan, is_served: Array, *, month: int, streams: Streams) -> Array:
    """Return what each account is assigned this month (one of the four codes above).

    A trial draws accounts by lot, and among them who is called; rescue calls follow the plan of the quarter.
    """
    if month < parameters.first_trial_month:
        return np.zeros(len(is_served), dtype=np.int64)
    rng = streams.of("calls", month)
    in_trial = rng.random(len(is_served)) < parameters.trial_prob
    by_lot = np.where(rng.random(len(is_served)) < parameters.trial_propensity, CALLED_BY_LOT, WITHHELD_BY_LOT)
    assigned = np.where(in_trial, by_lot, np.where(plan.rescues[month], RESCUED, NOTHING))
    return np.where(is_served, assigned, NOTHING)


def is_called(calls: Array) -> Array:
    """Return whether a call took place."""
    return np.asarray((calls == CALLED_BY_LOT) | (calls == RESCUED))
