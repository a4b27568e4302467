"""One thing that is watched: how large a change is, how sure that is, and what is usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from pipelines.churn.encoder import FloatArray

Verdict = Literal["fine", "watch", "retrain"]
VERDICTS: tuple[Verdict, ...] = ("fine", "watch", "retrain")
UNUSUAL = 0.01
"""Chance that a signal that means nothing falls outside its usual range."""
FEWEST_PAIRS = 6


@dataclass(frozen=True)
class Signal:
    """One thing that is watched.

    Attributes
    ----------
    about, unit
        What, and in which unit the numbers are.
    value, low, high
        The change and its 95 % interval; NaN where there is none.
    usual_low, usual_high
        Where it would lie, by comparable changes before the release was made, 99 of 100 times (departures: 97.5);
        NaN where that is not known.
    n
        Accounts it rests on.
    basis
        Whether it is counted, or estimated from predictions.
    """

    about: str
    value: float
    low: float
    high: float
    usual_low: float
    usual_high: float
    unit: str
    n: int
    basis: Literal["counted", "predicted"]
    verdict: Verdict
    sentence: str


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict that asks for most.

    >>> worst(["fine", "retrain", "watch"])
    'retrain'
    """
    return max(verdicts, key=VERDICTS.index, default="fine")


class Range(NamedTuple):
    """A range of values."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether the value lies within; where the range is not known nothing lies outside."""
        return not (value < self.low or value > self.high)


UNKNOWN = Range(float("nan"), float("nan"))


def usual_change(series: FloatArray, lag: int) -> Range:
    """Return the range of 99 of 100 changes over so many dates, by the dates of a series before anything new.

    Pairs of dates overlap, so that they count as fewer than they are. Where there are too few pairs so far apart,
    changes from date to date are taken to add up like a random walk.

    >>> usual_change(np.arange(20) * 0.1, 2).low > 0.19
    True
    """
    pairs = series[lag:] - series[:-lag]
    pairs = pairs[~np.isnan(pairs)]
    if len(pairs) >= max(FEWEST_PAIRS, 2 * lag):
        return predicted_range(pairs, max(len(pairs) / lag, 3.0))
    steps = np.diff(series)
    steps = steps[~np.isnan(steps)]
    if len(steps) < FEWEST_PAIRS:
        return UNKNOWN
    one = predicted_range(steps, float(len(steps)))
    middle, reach = lag * steps.mean(), np.sqrt(lag) * (one.high - one.low) / 2
    return Range(float(middle - reach), float(middle + reach))


def predicted_range(values: FloatArray, n_effective: float) -> Range:
    """Return where the next value of normal ones lies 99 of 100 times (the prediction interval of Student's t)."""
    from scipy.stats import t

    sd = float(values.std(ddof=1))
    reach = float(t.ppf(1 - UNUSUAL / 2, n_effective - 1)) * sd * np.sqrt(1 + 1 / n_effective)
    return Range(float(values.mean() - reach), float(values.mean() + reach))
