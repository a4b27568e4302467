"""What is learnt on the way to an effect: the chance of a bad experience, and of churn without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from pipelines.drivers.rows import FOLDS, Ints

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.float32]

# Small and regularised: errors of these two cancel to first order (Chernozhukov et al. 2018), wild ones do not.
TREES = 40
# Where 31 bins end is known well enough from so many rows; sorting all would be the one step that grows beyond them.
BINS = {"max_bin": 31, "bin_construct_sample_cnt": 20_000, "verbose": -1, "num_threads": 1}
PARAMETERS: dict[str, Any] = BINS | {
    "objective": "binary", "num_leaves": 4, "learning_rate": 0.2, "feature_fraction": 0.5, "min_data_in_leaf": 40,
    "lambda_l2": 10.0, "deterministic": True, "force_col_wise": True,
}  # fmt: skip


@dataclass(frozen=True)
class Binned:
    """A matrix (n, p) of covariates, sorted into bins once for all models of its rows."""

    matrix: Matrix
    data: lgb.Dataset

    @classmethod
    def of(cls, matrix: Matrix) -> Binned:
        """Return the matrix with its columns in bins."""
        data = lgb.Dataset(matrix, np.zeros(len(matrix)), params=BINS, free_raw_data=False)
        return cls(matrix, data.construct() if matrix.shape[1] else data)

    def learnt(self, target: Ints, rows: Ints, *, n_trees: int, seed: int) -> lgb.Booster | None:
        """Return a model of a target (0 or 1) on some rows; None where there is nothing to tell apart."""
        if self.matrix.shape[1] == 0 or not 0 < target[rows].sum() < len(rows):
            return None
        own = self.data.subset(rows).construct()
        own.set_label(target[rows])
        return lgb.train(PARAMETERS | {"seed": seed}, own, n_trees)

    def gains(self, target: Ints, rows: Ints, *, n_trees: int, seed: int) -> Floats:
        """Return how much each covariate (p,) tells of a target among some rows."""
        booster = self.learnt(target, rows, n_trees=n_trees, seed=seed)
        return np.zeros(self.matrix.shape[1]) if booster is None else np.asarray(booster.feature_importance("gain"))

    def cross_fitted(self, target: Ints, learns: Bools, folds: Ints, *, seed: int) -> Floats:
        """Return the chance (n,) of a target for every row, by a model of other folds' rows among those that `learns`.

        Parameters
        ----------
        target
            0 or 1.
        learns
            the rows to learn from.
        folds
            0 to 4; all rows of an account in one, so that no account tells of itself.
        """
        found = np.empty(len(target))
        for fold in range(FOLDS):
            own, others = folds == fold, np.flatnonzero((folds != fold) & learns)
            if own.any():
                booster = self.learnt(target, others, n_trees=TREES, seed=seed)
                share = target[others].mean() if len(others) else 0.0
                found[own] = share if booster is None else booster.predict(self.matrix[own], num_threads=1)
        return found
