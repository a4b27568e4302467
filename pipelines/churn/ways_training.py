"""From those who left to which way others will."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.churn.boosting import SMALL_ROWS, THREADS
from pipelines.churn.encoder import Matrix
from pipelines.churn.ways import Ways

FEWEST_LEFT = 50
"""So many have to have left in a way for who does to be told from what is known of them."""
FOLDS, PATIENCE, MAX_TREES = 3, 20, 300


def fit_ways(
    X: Matrix, way: npt.NDArray[np.str_], accounts: npt.NDArray[np.intp], native: Sequence[int], *, seed: int
) -> Ways:
    """Return the ways of those who left.

    Cause-specific hazards (Kalbfleisch and Prentice 2002, chapter 8) are the hazard of leaving times these shares, so
    that they add up to it. Shares follow what is known of an account only where that tells them better, on accounts
    held out, than the usual ones.
    """
    names, code, counts = np.unique(way, return_inverse=True, return_counts=True)
    usual = Ways(tuple(map(str, names)), tuple((counts / counts.sum()).tolist()))
    if len(names) < 2 or counts.min() < FEWEST_LEFT:
        return usual
    import lightgbm

    settings = {
        "objective": "multiclass", "num_class": len(names), "num_leaves": 4, "learning_rate": 0.1, "lambda_l2": 10.0,
        "min_data_in_leaf": 20, "feature_fraction": 0.5, "seed": seed, "deterministic": True, "force_row_wise": True,
        "num_threads": 1 if len(code) < SMALL_ROWS else THREADS, "verbosity": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(X, code, categorical_feature=list(native), params=settings, free_raw_data=False)
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    curve = lightgbm.cv(settings, data, MAX_TREES, folds=_folds(code, accounts, seed), callbacks=[stop])
    losses = curve["valid multi_logloss-mean"]
    entropy = -float(np.sum(np.array(usual.usual) * np.log(usual.usual)))
    if losses[-1] >= entropy:
        return usual
    trees = int(np.argmin(losses)) + 1
    return Ways(usual.names, usual.usual, lightgbm.train(settings, data, trees))


def _folds(code: Any, accounts: Any, seed: int) -> list[tuple[Any, Any]]:
    from sklearn.model_selection import StratifiedGroupKFold

    folder = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    return list(folder.split(code, code, accounts))
