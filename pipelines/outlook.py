"""What lies ahead of accounts: how long they stay, which way they leave, and the revenue that is at risk with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pipelines.churn.curve import PERIOD_DAYS, RetentionCurve, at_days
from pipelines.churn.encoder import Columns, FloatArray, numbers

DAYS_A_YEAR = 365.0
MOST_REVENUE = 1e12
"""More a month is no revenue, nor is less than nothing: it counts as not known."""


class Terms(BaseModel):
    """How revenue at risk is reckoned, and for which further horizons churn is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revenue: str | None = Field(None, description="the feature that is revenue a month; null where there is none")
    margin: float = Field(1.0, gt=0, le=1, description="share of revenue that is kept; 1 tells revenue itself")
    discount_rate: float = Field(0.1, ge=0, le=1, description="a year, by which money later is worth less")
    value_days: int = Field(360, ge=PERIOD_DAYS, le=720, description="how far ahead revenue is counted")
    horizons_days: tuple[int, ...] = Field((), description="further horizons, beside that of the model")


@dataclass(frozen=True)
class Outlook:
    """What lies ahead of (n,) accounts; all of it is predicted.

    Attributes
    ----------
    days
        (p,) days after the as-of date.
    stayed
        (n, p) probability of having stayed so long.
    churn_probs
        By further horizon in days, (n,) probability of having left by then.
    median_life_days
        (n,) days until it is as likely to have left as to have stayed; NaN where that lies beyond the curve.
    value_at_risk
        (n,) expected margin lost to leaving in `value_days`, discounted to the as-of date, in the company's currency;
        NaN where revenue is not known.
    value_sd
        (n,) standard deviation of what leaving may cost, were every probability right.
    way_probs
        By way of leaving, (n,) probability of leaving in it within the model's horizon: they add up to churn_prob.
    """

    days: FloatArray
    stayed: FloatArray
    churn_probs: Mapping[int, FloatArray]
    median_life_days: FloatArray
    value_at_risk: FloatArray
    value_sd: FloatArray
    way_probs: Mapping[str, FloatArray]


def outlook(
    curve: RetentionCurve, columns: Columns, churn_prob: FloatArray, horizon_days: int, terms: Terms
) -> Outlook:
    """Return the outlook of accounts whose churn within the horizon was predicted."""
    stayed = curve.stayed(columns, churn_prob, horizon_days)
    revenue = _revenue(columns, terms, len(stayed))
    return Outlook(
        curve.days,
        stayed,
        {days: 1 - at_days(stayed, days) for days in terms.horizons_days if days <= curve.days[-1]},
        median_life_days(stayed),
        *value_at_risk(stayed, revenue, terms),
        curve.way_probs(columns, stayed, horizon_days),
    )


def _revenue(columns: Columns, terms: Terms, n: int) -> FloatArray:
    there: Any = columns
    if terms.revenue is None or terms.revenue not in there:
        return np.full(n, np.nan)
    revenue = numbers(columns[terms.revenue], terms.revenue)
    return np.where((revenue >= 0) & (revenue <= MOST_REVENUE), revenue, np.nan)


def median_life_days(stayed: FloatArray) -> FloatArray:
    """Return (n,) days until the probability of having stayed is a half; NaN where the curve ends before.

    >>> median_life_days(np.array([[0.8, 0.5, 0.4], [0.5**0.5, 0.6, 0.55]])).tolist()
    [60.0, nan]
    """
    logs = np.concatenate([np.zeros((len(stayed), 1)), np.log(stayed)], axis=1)
    half = np.log(0.5)
    after = (logs > half).sum(axis=1)
    is_there = after < logs.shape[1]
    rows, after = np.flatnonzero(is_there), after[is_there]
    before = logs[rows, after - 1]
    share = (half - before) / (logs[rows, after] - before)
    found = np.full(len(stayed), np.nan)
    found[rows] = (after - 1 + share) * PERIOD_DAYS
    return found


def value_at_risk(stayed: FloatArray, revenue: FloatArray, terms: Terms) -> tuple[FloatArray, FloatArray]:
    """Return (n,) the expected margin lost to leaving, and the standard deviation of what may be lost.

    An account that leaves in a period of 30 days loses half of that period's margin and all that follows, discounted to
    the as-of date (Gupta and Lehmann 2003, "Customers as Assets"). What is counted ends with `value_days`, or with the
    curve.

    >>> terms = Terms(margin=0.5, discount_rate=0.0, value_days=60)
    >>> mean, sd = value_at_risk(np.array([[1.0, 0.5]]), np.array([100.0]), terms)
    >>> mean.round(2).tolist(), sd.round(2).tolist()
    ([12.33], [12.33])
    """
    n = min(int(terms.value_days // PERIOD_DAYS), stayed.shape[1])
    edges = np.concatenate([np.ones((len(stayed), 1)), stayed[:, :n]], axis=1)
    leaves = edges[:, :-1] - edges[:, 1:]
    years = (np.arange(n) + 0.5) * PERIOD_DAYS / DAYS_A_YEAR
    worth = (1 + terms.discount_rate) ** -years * terms.margin * 12 * PERIOD_DAYS / DAYS_A_YEAR
    lost = worth / 2 + np.append(np.cumsum(worth[::-1])[::-1][1:], 0.0)
    mean = leaves @ lost
    variance = np.maximum(leaves @ np.square(lost) - np.square(mean), 0.0)
    return revenue * mean, revenue * np.sqrt(variance)
