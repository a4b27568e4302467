"""Who answered and who did not: how unlike they are, and what that does to the segments' shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.churn.bootstrap import share_interval
from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.mixture import IntArray

LEAST_PROPENSITY = 0.02
"""Nobody counts for more than fifty, whose weight would else decide alone."""


@dataclass(frozen=True)
class Share:
    """A segment's share of all accounts, 0 to 1.

    `answered` is counted among those that answered; `corrected` with its 95 % interval counts each of these for the
    accounts like it that did not, and is true if nothing beyond what is known decides on answering; `at_least` and
    `at_most` hold whatever decides (Manski 1989, Anatomy of the selection problem, Journal of Human Resources 24(3)).
    """

    answered: float
    corrected: float
    low: float
    high: float
    at_least: float
    at_most: float


def propensities(X: FloatArray, answered: npt.NDArray[np.bool_]) -> FloatArray:
    """Return each account's probability of having answered, shape (n,), from what else is known of it, X (n, d).

    Fitted by logistic regression, as Rosenbaum and Rubin (1983), The central role of the propensity score, Biometrika
    70(1).
    """
    from sklearn.linear_model import LogisticRegression

    found: FloatArray = LogisticRegression(max_iter=500).fit(X, answered).predict_proba(X)[:, 1]
    return np.maximum(found, LEAST_PROPENSITY)


def effective_n(weights: FloatArray) -> float:
    """Return how many equally weighted accounts tell as much as these (Kish 1965, Survey Sampling).

    >>> effective_n(np.array([1.0, 1.0, 2.0])).__round__(2)
    2.67
    """
    return float(weights.sum() ** 2 / (weights**2).sum())


def shares(segments: IntArray, propensity: FloatArray, k: int, n_accounts: int) -> list[Share]:
    """Return the share of each of k segments, from those that answered.

    `segments` and `propensity`, both (n,), are of the accounts that answered, of `n_accounts` in all. The interval is
    Hájek's estimator's, linearised, on the scale of log-odds (Särndal, Swensson and Wretman 1992, Model Assisted Survey
    Sampling, 5.7); to take the propensities as known makes it wider rather than narrower (Lunceford and Davidian 2004,
    Statistics in Medicine 23).
    """
    weights = 1 / propensity
    weights = weights / weights.sum()
    told, found = len(segments) / n_accounts, []
    for segment in range(k):
        own = (segments == segment).astype(float)
        corrected = float(weights @ own)
        error = float(np.sqrt((weights**2 * (own - corrected) ** 2).sum()))
        low, high = share_interval(corrected, error, len(segments))
        at_least = float(own.mean()) * told
        found.append(Share(float(own.mean()), corrected, low, high, at_least, at_least + 1 - told))
    return found
