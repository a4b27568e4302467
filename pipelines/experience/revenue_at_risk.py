"""Revenue at risk: what accounts pay a year times how probable it is that they leave, and within what it will lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import Z
from pipelines.churn.encoder import FloatArray
from pipelines.experience.found import EVERYONE, Found

TOPIC = "revenue at risk"
MONTHS_A_YEAR = 12
FEWEST, FEWEST_LEAVERS = 10, 10


def calibration(prob: FloatArray, revenue: FloatArray, churned: FloatArray) -> tuple[float, float]:
    """Return lost revenue as a multiple of what was predicted on held-out accounts, and its standard error.

    A ratio of sums (Cochran 1977, equation 2.39): the error of the level of all probabilities together.

    >>> calibration(np.full(4, 0.5), np.ones(4), np.array([1.0, 0.0, 1.0, 0.0]))[0]
    1.0
    """
    lost, expected = revenue * churned, revenue * prob
    ratio = lost.sum() / expected.sum()
    off = lost - ratio * expected
    return float(ratio), float(np.sqrt(off @ off * len(off) / max(len(off) - 1, 1)) / expected.sum())


def revenue_at_risk(
    scores: pd.DataFrame, level: tuple[float, float] | None, *, group_by: str = EVERYONE, group: str = EVERYONE
) -> tuple[Found, ...]:
    """Return the sum of probability x revenue a year, and within what the loss will lie.

    The interval holds chance, were every probability right, and the error of their level where held-out accounts tell
    of it; without them it is of chance alone, and says so.

    Parameters
    ----------
    scores
        churn_prob and mrr, one row an account; accounts whose revenue is not known are left out and counted.
    level
        of `calibration` on held-out accounts; None where there are none.
    """
    known = scores[scores["mrr"].notna()]
    prob, revenue = known["churn_prob"].to_numpy(dtype=float), MONTHS_A_YEAR * known["mrr"].to_numpy(dtype=float)
    n, missing = len(known), len(scores) - len(known)
    if n < FEWEST:
        why = f"the revenue of {n} accounts is known; {FEWEST} are needed"
        return (Found.refused(TOPIC, "revenue at risk", why, group_by, group),)
    value = float(prob @ revenue)
    variance = float((prob * (1 - prob)) @ revenue**2)
    error = 0.0 if level is None else level[1]
    reach = Z * float(np.sqrt(variance + (error * value) ** 2))
    said = "by chance alone" if level is None else f"held-out accounts lost {level[0]:.2f} times what was predicted"
    said += f"; {missing:,} accounts whose revenue is not known are left out" if missing else ""
    share = 100 / max(float(revenue.sum()), 1e-300)
    ends = max(value - reach, 0.0), min(value + reach, float(revenue.sum()))
    told = Found(TOPIC, "revenue at risk", value, *ends, "currency a year", "predicted", group_by, group, n_accounts=n,
                 sentence=said)  # fmt: skip
    of_all = replace(told, value=share * value, low=share * ends[0], high=share * ends[1], unit="%")
    return told, replace(of_all, figure="share of revenue at risk")
