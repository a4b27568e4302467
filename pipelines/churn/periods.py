"""Person-periods: every period of 30 days through which an account was followed, and whether it left in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.churn.curve import PERIOD_DAYS
from pipelines.churn.encoder import FloatArray
from pipelines.churn.lifetimes import Lifetimes

MOST_PERIODS = 24
FEWEST_ACCOUNTS = 50
"""The curve ends where fewer accounts were followed."""
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Periods:
    """Person-periods: of which row, which period (from 0), and whether the account left in it.

    Of those in which nobody left only `kept_share` are there.
    """

    row: npt.NDArray[np.intp]
    number: npt.NDArray[np.intp]
    left: npt.NDArray[np.bool_]
    kept_share: float


def at_risk_periods(lives: Lifetimes, n_periods: int) -> npt.NDArray[np.intp]:
    """Return (n,) through how many periods each row goes: those that were followed to their end, until it left.

    A period that knowledge ends within is left out for all: those who left in its first part would be seen, those who
    stayed through it would not.
    """
    followed = np.floor(lives.followed / PERIOD_DAYS)
    until_left = np.where(lives.left, np.floor(lives.days / PERIOD_DAYS) + 1, np.inf)
    return np.minimum(np.minimum(followed, until_left), n_periods).astype(np.intp)


def followed_periods(lives: Lifetimes, accounts: Any) -> int:
    """Return through how many periods enough accounts were followed."""
    n = at_risk_periods(lives, MOST_PERIODS)
    longest = np.zeros(int(accounts.max(initial=-1)) + 1, dtype=np.intp)
    np.maximum.at(longest, accounts, n)
    enough = [period for period in range(1, MOST_PERIODS + 1) if (longest >= period).sum() >= FEWEST_ACCOUNTS]
    return max(enough, default=0)


def sampled_periods(lives: Lifetimes, weights: FloatArray, n_periods: int, *, seed: int) -> Periods:
    """Return the person-periods of rows that stand for so many each: all, or a sample where there are too many.

    Rows are thinned until each stands for as many others; then all periods in which somebody left are kept, and a share
    of the others.
    """
    rng = np.random.default_rng(seed)
    kept = rng.random(len(weights)) < weights / weights.max(initial=1.0)
    n = at_risk_periods(lives, n_periods) * kept
    row = np.repeat(np.arange(len(n)), n)
    number = np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n)
    left = lives.left[row] & (number == np.floor(lives.days[row] / PERIOD_DAYS))
    share = min(1.0, max(MOST_ROWS - int(left.sum()), MOST_ROWS // 2) / max(int((~left).sum()), 1))
    own = left | (rng.random(len(row)) < share)
    return Periods(row[own], number[own], left[own], share)
