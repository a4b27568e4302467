"""Whether as many leave as the release expects: counted from one as-of date to the next, long before labels are due.

Who is a customer at a date and is none at the next has left, or has paused; what share of these returns is the same
before and after the release was made, so that the ratio of counted to expected is compared with what it was before
(the standardised ratio of epidemiology: Breslow and Day 1987, Statistical Methods in Cancer Research II, chapter 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from features.errors import ReleaseError
from pipelines.churn.curve import at_days
from pipelines.churn.encoder import FloatArray
from pipelines.monitoring.signal import FEWEST_PAIRS, Range, Signal
from pipelines.release import Release

WINDOWS = (1, 3)
MORE, FEWER = 0.02, 0.005
"""Chance that so many more, or fewer, leave within a window though nothing has changed. More is what costs: over both
windows a look at nothing says retrain at most one time in twenty.
"""
LEAST = 0.1
"""A smaller change of the ratio is none that matters."""


@dataclass(frozen=True)
class Interval:
    """From one as-of date to the next: how many were there, were gone, and were expected to be."""

    start: pd.Timestamp
    end: pd.Timestamp
    n: int
    gone: int
    expected: float


def intervals(release: Release, rows: pd.DataFrame, churn_prob: FloatArray) -> list[Interval]:
    """Return the intervals between the dates of rows (account_id, as_of, features) whose churn was predicted.

    Raises
    ------
    ReleaseError
        when the release has no retention curve.
    """
    if release.curve is None:
        raise ReleaseError.of("a release without a retention curve", "one that was trained on dates", "train again")
    dates = [pd.Timestamp(date) for date in np.sort(rows["as_of"].unique())]
    found = []
    for start, end in pairwise(dates):
        own = np.flatnonzero(rows["as_of"] == start)
        there = rows.iloc[own]
        horizon, days = release.manifest.horizon_days, (end - start).days
        stayed = release.curve.stayed(there, churn_prob[own], horizon, until_days=days)
        gone = ~there["account_id"].isin(rows.loc[rows["as_of"] == end, "account_id"])
        found.append(Interval(start, end, len(own), int(gone.sum()), float((1 - at_days(stayed, days)).sum())))
    return found


def leaving_signals(found: list[Interval], made: pd.Timestamp) -> list[Signal]:
    """Return a signal for the latest interval after the release was made, and one for the last three together."""
    before = [one for one in found if one.end <= made and one.expected > 0]
    after = [one for one in found if one.start >= made]
    if len(before) < FEWEST_PAIRS or not after:
        return []
    logs = np.array([np.log((one.gone + 0.5) / (one.expected + 0.5)) for one in before])
    return [_signal(logs, before, after[-window:]) for window in WINDOWS if window <= len(after)]


def _signal(logs: FloatArray, before: list[Interval], now: list[Interval]) -> Signal:
    gone, expected = sum(one.gone for one in now), sum(one.expected for one in now)
    usual = float(np.average(logs, weights=[one.expected for one in before]))
    value = float(np.exp(np.log((gone + 0.5) / (expected + 0.5)) - usual))
    chance = 1.96 / np.sqrt(gone + 0.5)
    wont = _usual(logs, before, expected, len(now))
    matters = not wont.holds(value) and abs(value - 1) >= LEAST
    about = "leaving, last interval" if len(now) == 1 else f"leaving, last {len(now)} intervals"
    return Signal(
        about=about,
        value=value,
        low=float(value * np.exp(-chance)),
        high=float(value * np.exp(chance)),
        usual_low=wont.low,
        usual_high=wont.high,
        unit="times as many as such accounts lost before",
        n=now[-1].n,
        basis="counted",
        verdict="retrain" if matters else "fine",
        sentence=(
            f"from {now[0].start:%Y-%m-%d} to {now[-1].end:%Y-%m-%d} {gone:,} accounts were gone, {value:.2f} times as "
            f"many as were among accounts with such scores before"
        ),
    )


def _usual(logs: FloatArray, before: list[Interval], expected: float, n_now: int) -> Range:
    """Where the ratio lies when nothing has changed: it varies by chance, and from one interval to the other."""
    from scipy.stats import t

    chance = np.array([1 / (one.expected + 0.5) for one in before])
    between = max(float(logs.var(ddof=1) - chance.mean()), 0.0)
    variance = between / n_now + 1 / (expected + 0.5) + float(logs.var(ddof=1)) / len(logs)
    low, high = (float(t.ppf(share, len(logs) - 1)) * np.sqrt(variance) for share in (FEWER, 1 - MORE))
    return Range(float(np.exp(low)), float(np.exp(high)))
