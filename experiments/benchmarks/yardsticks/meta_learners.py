"""Uplift by plain meta-learners of LightGBM (Kuenzel, Sekhon, Bickel and Yu 2019, PNAS), cross-fitted by account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import lightgbm as lgb
import numpy as np

from pipelines.actions.trial import Trial
from pipelines.drivers.nuisance import Bools, Floats, Matrix
from pipelines.drivers.rows import FOLDS

PARAMETERS = {"num_leaves": 8, "learning_rate": 0.05, "min_data_in_leaf": 100, "verbose": -1, "num_threads": 1}
TREES = 80
Predict = Callable[[Matrix], Floats]


def cross_fitted_predictions(trial: Trial, seed: int) -> Mapping[str, Floats]:
    """Return by learner (n,) the predicted effect on staying of each row, by models of other accounts.

    `risk` is no effect: those most likely to leave first, as programmes that target risk do.
    """
    folds = trial.folds(seed)
    found = {name: np.empty(len(folds)) for name in LEARNERS}
    for fold in range(FOLDS):
        own = folds == fold
        for name, learner in LEARNERS.items():
            found[name][own] = learner(trial, ~own)(trial.X[own])
    return found


def _chance(X: Matrix, target: Any) -> Predict:
    booster = lgb.train(PARAMETERS | {"objective": "binary"}, lgb.Dataset(X, target), TREES)
    return lambda rows: np.asarray(booster.predict(rows))


def _number(X: Matrix, target: Any) -> Predict:
    booster = lgb.train(PARAMETERS | {"objective": "regression"}, lgb.Dataset(X, target), TREES)
    return lambda rows: np.asarray(booster.predict(rows))


def _beside(X: Matrix, helped: Any) -> Matrix:
    return np.column_stack([X, helped]).astype(np.float32)


def _single(trial: Trial, learns: Bools) -> Predict:
    model = _chance(_beside(trial.X[learns], trial.helped[learns]), trial.stayed[learns])
    return lambda X: model(_beside(X, np.ones(len(X)))) - model(_beside(X, np.zeros(len(X))))


def _arms(trial: Trial, learns: Bools) -> tuple[Predict, Predict]:
    arms = (learns & (trial.helped == arm) for arm in (0, 1))
    without, with_it = (_chance(trial.X[own], trial.stayed[own]) for own in arms)
    return without, with_it


def _two(trial: Trial, learns: Bools) -> Predict:
    without, with_it = _arms(trial, learns)
    return lambda X: with_it(X) - without(X)


def _crossed(trial: Trial, learns: Bools) -> Predict:
    without, with_it = _arms(trial, learns)
    is_helped, is_not = learns & (trial.helped == 1), learns & (trial.helped == 0)
    of_helped = _number(trial.X[is_helped], trial.stayed[is_helped] - without(trial.X[is_helped]))
    of_others = _number(trial.X[is_not], with_it(trial.X[is_not]) - trial.stayed[is_not])
    share = float(trial.helped[learns].mean())
    return lambda X: share * of_others(X) + (1 - share) * of_helped(X)


def _risk(trial: Trial, learns: Bools) -> Predict:
    is_not = learns & (trial.helped == 0)
    stays = _chance(trial.X[is_not], trial.stayed[is_not])
    return lambda X: 1 - stays(X)


LEARNERS: Mapping[str, Callable[[Trial, Bools], Predict]] = {
    "S-learner": _single, "T-learner": _two, "X-learner": _crossed, "risk": _risk,
}  # fmt: skip
