"""The calls that are meant to keep accounts: some drawn by lot, some for those who seem about to leave."""

from __future__ import annotations

import numpy as np

from experiments.company.arrays import Array
from experiments.company.parameters import Parameters
from experiments.company.states import States
from experiments.company.streams import Streams

NOTHING, CALLED_BY_LOT, WITHHELD_BY_LOT, RESCUED = range(4)


def assigned_calls(parameters: Parameters, states: States, is_staying: Array, *, month: int, streams: Streams) -> Array:
    """Return what each account is assigned this month (one of the four codes above).

    A trial draws accounts by lot, and among them who is called; people call those whose trouble they see.
    """
    if month < parameters.first_trial_month:
        return np.zeros(len(is_staying), dtype=np.int64)
    rng = streams.of("calls", month)
    in_trial = rng.random(len(is_staying)) < parameters.trial_prob
    by_lot = np.where(rng.random(len(is_staying)) < parameters.trial_propensity, CALLED_BY_LOT, WITHHELD_BY_LOT)
    is_rescued = (rng.random(len(is_staying)) < parameters.rescue_prob) & is_in_trouble(
        parameters, states.satisfaction, states.engagement
    )
    return np.where(is_staying, np.where(in_trial, by_lot, np.where(is_rescued, RESCUED, NOTHING)), NOTHING)


def is_in_trouble(parameters: Parameters, satisfaction: Array, engagement: Array) -> Array:
    """Return whether an account is near one of the two thresholds, dissatisfied or disengaged."""
    return np.asarray(
        (satisfaction < parameters.dissatisfied_below + 0.3) | (engagement < parameters.disengaged_below + 0.3)
    )


def is_called(calls: Array) -> Array:
    """Return whether a call took place."""
    return np.asarray((calls == CALLED_BY_LOT) | (calls == RESCUED))
