"""What rows that were sampled by their label say of all rows.

Every row that churned is kept, and of the others a known share. Then only the odds of churning differ between the rows
kept and all rows, by that share, the same for whatever is known of an account (King and Zeng 2001, "Logistic Regression
in Rare Events Data", equation 7). A share of 1 is all rows, and leaves every number as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import FloatArray


def prior_correction(kept_share: float) -> float:
    """Return what to add to log-odds among the rows kept to have those among all rows.

    >>> prior_correction(1.0), round(prior_correction(0.05), 3)
    (0.0, -2.996)
    """
    return math.log(kept_share)


def row_weights(churned: npt.NDArray[np.bool_], kept_share: float) -> FloatArray:
    """Return (n,) how many of all rows each row kept stands for.

    >>> row_weights(np.array([True, False]), 0.05).tolist()
    [1.0, 20.0]
    """
    return np.where(churned, 1.0, 1.0 / kept_share)


def weighted_quantiles(values: FloatArray, weights: FloatArray, shares: Sequence[float] | FloatArray) -> FloatArray:
    """Return the quantiles of values that stand for so many rows each; with equal weights those of numpy.

    In between, as numpy does it: the first value is the quantile of 0, the last that of 1, and each lies as far from
    the first as the weight before it is of the weight before the last.

    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0]), [0.0, 0.5, 1.0]).tolist()
    [1.0, 1.75, 3.0]
    """
    if not len(values) or (weights == weights[0]).all():
        return np.asarray(np.quantile(values, shares), dtype=np.float64)
    order = np.argsort(values, kind="stable")
    before = np.cumsum(weights[order]) - weights[order]
    return np.asarray(np.interp(np.asarray(shares) * before[-1], before, values[order]))
