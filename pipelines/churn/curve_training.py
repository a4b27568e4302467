"""From rows that were followed to a retention curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.churn.boosting import BinnedFolds, TrainingSet, boost_folds, fit_text, parameters
from pipelines.churn.calibration import Calibration
from pipelines.churn.curve import PERIOD_DAYS, RetentionCurve, with_period
from pipelines.churn.encoder import Encoder, FloatArray, Matrix
from pipelines.churn.lifetimes import Lifetimes
from pipelines.churn.periods import Periods, followed_periods, sampled_periods
from pipelines.churn.population import prior_correction
from pipelines.churn.splits import out_of_fold
from pipelines.churn.ways import Ways
from pipelines.churn.ways_training import fit_ways

FOLDS = 3
FEWEST_LEFT = 20
"""With fewer departures there is no curve."""


def fit_curve(
    X: Matrix,
    lives: Lifetimes,
    accounts: Any,
    weights: FloatArray,
    encoder: Encoder,
    *,
    leaves: int,
    horizon_days: int,
    seed: int = 0,
) -> RetentionCurve | None:
    """Return the curve of encoded rows; None where fewer than 20 accounts left or none was followed to the horizon.

    Parameters
    ----------
    accounts
        (n,) whose row it is, as integers from 0: rows of one are held out together.
    weights
        (n,) how many of all rows each stands for.
    leaves
        of the trees: as in the churn model. Their number is found by cross-validation over accounts.
    """
    n_periods = followed_periods(lives, accounts)
    if n_periods * PERIOD_DAYS < horizon_days:
        return None
    periods = sampled_periods(lives, weights, n_periods, seed=seed)
    left = np.unique(accounts[periods.row[periods.left]])
    if len(left) < FEWEST_LEFT:
        return None
    data = _training_set(X, periods, accounts, encoder)
    folds = out_of_fold(data.accounts, data.churned, n_folds=FOLDS, seed=seed).folds
    settings = parameters(leaves, len(data.churned), seed)
    trees, held_out = boost_folds(BinnedFolds.of(data, folds, settings), settings)
    calibration = Calibration.fit(held_out, data.churned)
    level = calibration.intercept + prior_correction(periods.kept_share)
    import lightgbm

    return RetentionCurve(
        lightgbm.Booster(model_str=fit_text(data, settings, trees)),
        encoder,
        Calibration(level, calibration.slope),
        n_periods,
        len(np.unique(accounts)),
        len(left),
        _ways(X, lives, periods, data, encoder.native, seed),
    )


def _training_set(X: Matrix, periods: Periods, accounts: Any, encoder: Encoder) -> TrainingSet:
    own = with_period(X[periods.row], periods.number)
    return TrainingSet(own, periods.left, accounts[periods.row], encoder.native, periods.kept_share)


def _ways(X: Matrix, lives: Lifetimes, periods: Periods, data: TrainingSet, native: Sequence[int], seed: int) -> Ways:
    rows = periods.row[periods.left]
    return fit_ways(data.X[periods.left], lives.way[rows], data.accounts[periods.left], native, seed=seed)
