"""The true effect of every experience on every account that had it, by living its months again without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from experiments.company.arrays import DAY, UNKNOWN, Array, identifiers
from experiments.company.calls import NOTHING
from experiments.company.exposures import QUICK_HOURS, REAL, exposed
from experiments.company.life import Life
from experiments.company.notice import leaving_probs
from experiments.company.plan import QUARTER
from experiments.company.world import World

HORIZON_DAYS = 90
CANDIDATES, DRAWS = 64, 4
"""Lucks that are tried for quick responses, and how many of those that are quick are averaged."""


@dataclass(frozen=True)
class _Window:
    """The months of a quarter and of the one after it, lived from the states at the first one's start."""

    life: Life
    first: int
    cases: Array
    hours: Array
    calls: Array

    @property
    def months(self) -> range:
        return range(self.first, self.first + len(self.cases))

    def hazards(self) -> Array:
        return self.life.hazards(self.first, self.cases, self.hours, self.calls)


def individual_effects(world: World, tables: Mapping[str, pd.DataFrame], drivers: Sequence[str] = REAL) -> pd.DataFrame:
    """Return what each bad experience in a quarter does to the account that had it.

    Parameters
    ----------
    tables
        of that world: an account had an experience if they show it.
    drivers
        those of `REAL` that are wanted.

    Returns
    -------
    pd.DataFrame
        account_id, as_of (the quarter's end), driver, is_engaged (when the quarter began), there (the chance that it is
        still served at `as_of`), churn (that its service ends within 90 days from then), and both `_if_not`: had the
        experience been good. The luck is the same in both lives. The effect on some rows is
        sum(churn) / sum(there) - sum(churn_if_not) / sum(there_if_not).
    """
    firsts = range(0, world.calendar.n_months - 2 * QUARTER + 1, QUARTER)
    life = Life(world.parameters, world.firms, world.contracts, world.shocks, world.calendar, world.streams)
    life.lived(keep=firsts)
    parts = [_effects_of(world, tables, _window(world, life, first), driver) for first in firsts for driver in drivers]
    return pd.concat(parts, ignore_index=True)


def churn_with_and_without(effects: pd.DataFrame) -> tuple[float, float]:
    """Return the mean chance of churn of some rows of `individual_effects` with the experience, and without it.

    Of accounts that are served at `as_of`: each row is one, so that its own chance of being there divides its churn and
    weighs it no second time.

    >>> rows = {"there": [1.0, 0.5], "churn": [0.1, 0.3], "there_if_not": [1.0, 0.8], "churn_if_not": [0.1, 0.16]}
    >>> with_it, without = churn_with_and_without(pd.DataFrame(rows))
    >>> round(with_it, 3), round(without, 3)
    (0.35, 0.15)
    """
    with_it, without = (effects[f"churn{life}"] / effects[f"there{life}"] for life in ("", "_if_not"))
    return float(with_it.mean()), float(without.mean())


def _window(world: World, life: Life, first: int) -> _Window:
    months = slice(first, first + 2 * QUARTER)
    history = world.history
    return _Window(life, first, history.cases[months], history.response_hours[months], history.calls[months])


def _effects_of(world: World, tables: Mapping[str, pd.DataFrame], window: _Window, driver: str) -> pd.DataFrame:
    end = int(world.calendar.starts[window.first + QUARTER])
    as_of = pd.Timestamp(end, unit="s")
    names = pd.Index(identifiers("A", np.arange(len(world.firms))))
    had = names.get_indexer(pd.Index(exposed(tables, driver, as_of)))
    is_staying = (world.contracts.start_month < window.first) & (world.history.leaves >= end)
    had = had[is_staying[had]]
    there, churn = _outcome(world, window)
    lives = [_outcome(world, other) for other in _without(world, window, driver)]
    there_if_not, churn_if_not = (np.mean(outcomes, axis=0) for outcomes in zip(*lives, strict=True))
    engagement = world.history.engagement[window.first, had]
    return pd.DataFrame(
        {
            "account_id": names[had],
            "as_of": as_of,
            "driver": driver,
            "is_engaged": engagement > world.parameters.engaged_above,
            "there": there[had],
            "churn": churn[had],
            "there_if_not": there_if_not[had],
            "churn_if_not": churn_if_not[had],
        }
    )


def _outcome(world: World, window: _Window) -> tuple[Array, Array]:
    """The chance of being served at the quarter's end, and of the service's end within 90 days from then."""
    calendar, end = world.calendar, int(world.calendar.starts[window.first + QUARTER])
    undecided = np.ones(len(world.firms))
    gone, churn = np.zeros(len(world.firms)), np.zeros(len(world.firms))
    for month, hazard in zip(window.months, window.hazards(), strict=True):
        decides = undecided * hazard
        gone += decides * leaving_probs(calendar, world.parameters.notice_days, month, 0, end)
        later = end + HORIZON_DAYS * DAY
        churn += decides * leaving_probs(calendar, world.parameters.notice_days, month, end, later)
        undecided = undecided - decides
    return 1 - gone, churn


def _without(world: World, window: _Window, driver: str) -> list[_Window]:
    """The lives in which nobody had the experience within the window."""
    inside, life = slice(window.first, window.first + QUARTER), window.life
    if driver == "first_response":
        return [replace(window, hours=hours) for hours in _quick_hours(world, window)]
    if driver == "success_call":
        calls = window.calls.copy()
        calls[:QUARTER] = NOTHING
        return [replace(window, calls=calls)]
    shocks = life.shocks
    if driver == "champion_exit":
        left = shocks.champion_leaves_month
        gone = (left >= inside.start) & (left < inside.stop)
        shocks = replace(shocks, champion_leaves_month=np.where(gone, UNKNOWN, left))
    elif driver == "price_rise":
        # Announced up to 45 days before; each account has one anniversary a year, so that these months hold one rise.
        shocks = replace(shocks, price_rise=_blank(shocks.price_rise, slice(inside.start + 1, inside.stop + 2)))
    else:
        shocks = replace(shocks, **{driver: _blank(getattr(shocks, driver), inside)})
    other = replace(life, shocks=shocks)
    other.starts.update(life.starts)
    service = other.service
    cases = np.stack([service.cases(shocks, month, other.streams) for month in window.months])
    return [replace(window, life=other, cases=cases)]


def _blank(grid: Array, months: slice) -> Array:
    blanked = grid.copy()
    blanked[months] = 0
    return blanked


def _quick_hours(world: World, window: _Window) -> list[Array]:
    """Response hours of the window as the account's own luck gives them where the median is at most 8 hours."""
    service, spread = window.life.service, world.parameters.response_spread
    rng = world.streams.of("quick responses", window.first)
    n, cases = len(world.firms), window.cases[:QUARTER]
    found = np.full((DRAWS, QUARTER, n), np.nan)
    n_found, least = np.zeros(n, dtype=np.int64), np.full(n, np.inf)
    lowest = window.hours[:QUARTER].astype(float)
    for _ in range(CANDIDATES):
        hours = np.stack([service.drawn_hours(spread, rng) for _ in range(QUARTER)])
        median = _median(hours, cases)
        is_new = (median <= QUICK_HOURS) & (n_found < DRAWS)
        found[n_found[is_new], :, np.flatnonzero(is_new)] = hours[:, is_new].T
        n_found += is_new
        lowest = np.where(median < least, hours, lowest)
        least = np.minimum(least, median)
    found = np.where(np.isnan(found), lowest, found)
    return [np.concatenate([hours, window.hours[QUARTER:]]) for hours in found]


def _median(hours: Array, cases: Array) -> Array:
    """The median over the cases of three months, each at its month's hours; over the months where there are none.

    >>> _median(np.array([[6.0], [30.0], [7.0]]), np.array([[1], [1], [0]])).tolist()
    [18.0]
    """
    weights = np.where(cases.sum(axis=0) > 0, cases, 1)
    order = np.argsort(hours, axis=0)
    ranked, weight = np.take_along_axis(hours, order, axis=0), np.take_along_axis(weights, order, axis=0)
    below, half = np.cumsum(weight, axis=0), weight.sum(axis=0) / 2
    middle = [(below >= half).argmax(axis=0), (below > half).argmax(axis=0)]
    return np.asarray(np.mean([np.take_along_axis(ranked, place[None], axis=0)[0] for place in middle], axis=0))
