"""The true probability that an account leaves: its states as they are at a date, and the luck of many futures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.company.arrays import DAY, UNKNOWN, Array, identifiers
from experiments.company.life import Life
from experiments.company.notice import leaving_probs
from experiments.company.shocks import Shocks, befall
from experiments.company.streams import Streams
from experiments.company.world import World

FUTURES = 16
FUTURE_SEED = 1_000_003
"""Futures are drawn from seeds of their own, far from those that companies are made of."""


def true_probs(world: World, dates: Sequence[pd.Timestamp], *, horizon_days: int = 90) -> pd.DataFrame:
    """Return the true churn of each account that is served at some months' starts.

    Returns
    -------
    pd.DataFrame
        account_id, as_of, churn_prob (that service ends within the horizon, given all that is true at the date, the
        mean over 16 futures), decided (it has decided already: churn_prob is 0 or 1).
    """
    months = [int(np.searchsorted(world.calendar.starts, date.timestamp())) for date in dates]
    life = Life(world.parameters, world.firms, world.contracts, world.shocks, world.calendar, world.streams)
    life.lived(keep=months)
    return pd.concat([_at(world, life, month, horizon_days) for month in months], ignore_index=True)


def _at(world: World, life: Life, month: int, horizon_days: int) -> pd.DataFrame:
    history, start = world.history, int(world.calendar.starts[month])
    end = start + horizon_days * DAY
    last = int(np.searchsorted(world.calendar.starts, end))
    months = range(month, min(last, world.calendar.n_months))
    prob = np.mean([_churn(world, life, months, end, future) for future in range(FUTURES)], axis=0)
    decided = history.decided < start
    prob = np.where(decided, (history.leaves >= start) & (history.leaves < end), prob)
    is_served = (world.contracts.start_month < month) & (history.leaves >= start)
    names = np.array(identifiers("A", np.arange(len(world.firms))), dtype=object)
    found = pd.DataFrame({"account_id": names, "churn_prob": prob, "decided": decided})[is_served]
    return found.assign(as_of=pd.Timestamp(start, unit="s").as_unit("us")).reset_index(drop=True)


def _churn(world: World, life: Life, months: range, end: int, future: int) -> Array:
    """The chance that service ends before `end`, for those who have not decided yet, in one future."""
    streams = Streams(FUTURE_SEED * (future + 1) + world.streams.seed)
    other = replace(life, shocks=_shocks(world, months.start, streams), streams=streams)
    other.starts = life.starts
    service = life.service
    cases = np.stack([service.cases(other.shocks, month, streams) for month in months])
    hours = np.stack([service.response_hours(world.parameters.response_spread, month, streams) for month in months])
    hazards = other.hazards(months.start, cases, hours, world.history.calls[months.start : months.stop])
    undecided, churn = np.ones(len(world.firms)), np.zeros(len(world.firms))
    for month, hazard in zip(months, hazards, strict=True):
        churn += undecided * hazard * leaving_probs(world.calendar, world.parameters.notice_days, month, 0, end)
        undecided = undecided * (1 - hazard)
    return churn


def _shocks(world: World, month: int, streams: Streams) -> Shocks:
    """What befell accounts until a month's start, and other luck from then on; a price rise is known a month before."""
    own = world.shocks
    other = befall(world.parameters, world.firms, world.contracts, calendar=world.calendar, streams=streams)
    left, leaves = own.champion_leaves_month, other.champion_leaves_month
    return Shocks(
        outage=_joined(own.outage, other.outage, month),
        billing_error=_joined(own.billing_error, other.billing_error, month),
        wane=_joined(own.wane, other.wane, month),
        price_rise=_joined(own.price_rise, other.price_rise, month + 1),
        champion_leaves_month=np.where(left < month, left, np.where(leaves >= month, leaves, UNKNOWN)),
        champion_leaves=own.champion_leaves,
    )


def _joined(before: Array, after: Array, month: int) -> Array:
    return np.concatenate([before[:month], after[month:]])
