"""Whether log-odds mean what they say: calibration intercept and slope, with accounts as the independent units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.churn.bootstrap import Interval, Z
from pipelines.churn.encoder import FloatArray

ROUNDS = 50
TOLERANCE = 1e-10


class Reliability(NamedTuple):
    """Calibration of predictions: a perfect one has intercept 0 and slope 1.

    `intercept` is how far log-odds are too low all over (positive) or too high; `slope` is below 1 where predictions
    are too extreme, above it where they are too timid (Cox 1958, Two further applications of a model for binary
    regression, Biometrika 45; Van Calster and others 2019, Calibration: the Achilles heel of predictive analytics, BMC
    Medicine 17).
    """

    intercept: Interval
    slope: Interval


def reliability(
    log_odds: FloatArray, churned: npt.NDArray[np.bool_], accounts: npt.NDArray[np.intp], weights: FloatArray
) -> Reliability | None:
    """Return intercept and slope of logistic regressions of churn on predicted log-odds; None where they cannot be had.

    Intervals are sandwich ones by account (Liang and Zeger 1986, Biometrika 73). `weights` (n,) say how many rows each
    row stands for. There is no answer where all rows have one outcome, or predictions part the outcomes.

    >>> rng = np.random.default_rng(0)
    >>> log_odds = rng.normal(size=20_000)
    >>> churned = rng.random(20_000) < 1 / (1 + np.exp(-log_odds))
    >>> found = reliability(2 * log_odds, churned, np.arange(20_000), np.ones(20_000))
    >>> round(found.slope.value, 1), found.intercept.low < 0 < found.intercept.high
    (0.5, True)
    """
    rows = _Rows(churned, accounts, weights)
    alone = rows.fitted(np.ones((len(log_odds), 1)), log_odds)
    line = rows.fitted(np.column_stack([np.ones(len(log_odds)), log_odds]), np.zeros(len(log_odds)))
    return None if alone is None or line is None else Reliability(alone[0], line[1])


class _Rows(NamedTuple):
    churned: npt.NDArray[np.bool_]
    accounts: npt.NDArray[np.intp]
    weights: FloatArray

    def fitted(self, X: FloatArray, offset: FloatArray) -> list[Interval] | None:
        """Coefficients of a logistic regression by Newton's method, with intervals; None where it does not converge."""
        beta = np.zeros(X.shape[1])
        for _ in range(ROUNDS):
            prob = 1 / (1 + np.exp(-np.clip(offset + X @ beta, -700, 700)))
            score = X * (self.weights * (self.churned - prob))[:, None]
            information = (X * (self.weights * prob * (1 - prob))[:, None]).T @ X
            if np.linalg.cond(information) > 1 / np.finfo(float).eps:
                return None
            step = np.linalg.solve(information, score.sum(axis=0))
            beta = beta + step
            if np.abs(step).max() < TOLERANCE:
                break
        else:
            return None
        by_account = np.zeros((int(self.accounts.max()) + 1, X.shape[1]))
        np.add.at(by_account, self.accounts, score)
        bread = np.linalg.inv(information)
        errors = np.sqrt(np.diag(bread @ (by_account.T @ by_account) @ bread))
        return [Interval(float(b), float(b - Z * e), float(b + Z * e)) for b, e in zip(beta, errors, strict=True)]
