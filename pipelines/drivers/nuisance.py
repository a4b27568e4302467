"""What is learnt on the way to an effect: the chance of a bad experience, and of churn without it."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from pipelines.drivers.covariates import Covariates, Matrix
from pipelines.drivers.rows import FOLDS, Ints

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Small and regularised: errors of these two cancel to first order (Chernozhukov et al. 2018), wild ones do not.
TREES = 100
PARAMETERS: dict[str, Any] = {
    "objective": "binary", "num_leaves": 4, "learning_rate": 0.1, "feature_fraction": 0.5, "min_data_in_leaf": 40,
    "lambda_l2": 10.0, "max_bin": 63, "deterministic": True, "force_col_wise": True, "verbose": -1,
}  # fmt: skip
RANKING_TREES = 50
STRONGEST = 30
"""Covariates kept for each of the two models, of those that tell most of the outcome or of the experience."""


def strongest(covariates: Covariates, target: Ints, rows: Bools, seed: int) -> Ints:
    """Return the places of the covariates that tell most of a target (0 or 1) among some rows, by gain.

    Taken for the outcome and for the experience, both sets together (double selection: Belloni, Chernozhukov and Hansen
    2014): what matters to one only would be missed by choosing for the other.
    """
    booster = _fitted(covariates.matrix[rows], target[rows], seed, RANKING_TREES)
    gain = np.zeros(len(covariates.names)) if booster is None else booster.feature_importance("gain")
    order = np.argsort(-gain, kind="stable")[:STRONGEST]
    return np.sort(order[gain[order] > 0])


def cross_fitted(matrix: Matrix, target: Ints, learns: Bools, folds: Ints, seed: int) -> Floats:
    """Return the chance (n,) of a target, for every row by a model of other accounts' rows among those that `learns`.

    Parameters
    ----------
    matrix, target
        (n, p) covariates; 0 or 1.
    learns
        the rows to learn from.
    folds
        0 to 4; all rows of an account in one.
    """
    found = np.empty(len(target))
    for fold in range(FOLDS):
        own, others = folds == fold, (folds != fold) & learns
        booster = _fitted(matrix[others], target[others], seed, TREES)
        share = target[others].mean() if others.any() else 0.0
        found[own] = share if booster is None or not own.any() else booster.predict(matrix[own], num_threads=1)
    return found


def _fitted(matrix: Matrix, target: Ints, seed: int, n_trees: int) -> lgb.Booster | None:
    """None where there is nothing to tell apart."""
    if matrix.shape[1] == 0 or not 0 < target.sum() < len(target):
        return None
    parameters = PARAMETERS | {"seed": seed, "num_threads": 1}
    return lgb.train(parameters, lgb.Dataset(matrix, target, params={"max_bin": 63, "verbose": -1}), n_trees)
