"""What a success call does to each account, by living the months after it again without it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.company.arrays import DAY, Array
from experiments.company.calls import CALLED_BY_LOT, NOTHING
from experiments.company.counterfactual import HORIZON_DAYS
from experiments.company.life import Life
from experiments.company.notice import leaving_probs
from experiments.company.world import World

MONTHS = 4
"""As many hold the horizon of a call: its own month, in which it does nothing yet, and three more."""


def call_effects(world: World, account: Array, at: Array) -> Array:
    """Return (n,) by how many points a call at a second lowers an account's churn within 90 days from then.

    Whoever has decided to leave by the end of that month is not moved. Other calls are as they were. NaN where the
    horizon ends after the calendar.
    """
    months = np.searchsorted(world.calendar.starts, at, side="right") - 1
    whole = np.unique(months[months + MONTHS <= world.calendar.n_months])
    life = Life(world.parameters, world.firms, world.contracts, world.shocks, world.calendar, world.streams)
    life.lived(keep=whole.tolist())
    effects = np.full(len(at), np.nan)
    for month in whole.tolist():
        own = np.flatnonzero(months == month)
        effects[own] = 100 * _saved(world, life, month, account[own], at[own] // DAY * DAY)
    return effects


def churn_probs(world: World, month: int) -> Array:
    """Return each account's chance to leave within 90 days of a month's start, uncalled: the best risk score."""
    life = Life(world.parameters, world.firms, world.contracts, world.shocks, world.calendar, world.streams)
    life.lived(keep=[month])
    each = np.arange(len(world.firms))
    start = np.full(len(each), world.calendar.starts[month])
    return _left(world, _hazards(world, life, month, NOTHING), month, each, start, first=0)


def seconds(times: pd.Series) -> Array:
    """Return times as seconds."""
    return np.asarray(times.astype("datetime64[s]").astype("int64"))


def _saved(world: World, life: Life, month: int, account: Array, day: Array) -> Array:
    lives = [_hazards(world, life, month, call) for call in (NOTHING, CALLED_BY_LOT)]
    without, with_it = (_left(world, hazards, month, account, day, first=1) for hazards in lives)
    undecided = world.history.decided[account] >= world.calendar.starts[month + 1]
    return np.asarray((without - with_it) * undecided)


def _hazards(world: World, life: Life, month: int, call: int) -> Array:
    inside = slice(month, month + MONTHS)
    calls = world.history.calls[inside].copy()
    calls[0] = call
    return life.hazards(month, world.history.cases[inside], world.history.response_hours[inside], calls)


def _left(world: World, hazards: Array, month: int, account: Array, day: Array, *, first: int) -> Array:
    """The chance to decide in the months from `first` on, and to be gone within the horizon from a day."""
    calendar, notice = world.calendar, world.parameters.notice_days
    undecided, gone = np.ones(len(account)), np.zeros(len(account))
    for later in range(first, MONTHS):
        decides = undecided * hazards[later, account]
        days, place = np.unique(day, return_inverse=True)
        ends = [(int(one), int(one) + HORIZON_DAYS * DAY) for one in days]
        probs = np.array([leaving_probs(calendar, notice, month + later, *end) for end in ends])
        gone += decides * probs[place]
        undecided = undecided - decides
    return gone
