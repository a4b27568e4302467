"""From rows that were followed to a retention curve."""

from __future__ import annotations

import numpy as np

from pipelines.churn.boosting import BinnedFolds, TrainingSet, boost_folds, fit_text, parameters
from pipelines.churn.calibration import Calibration
from pipelines.churn.curve import PERIOD_DAYS, RetentionCurve, with_period
from pipelines.churn.followed import Followed
from pipelines.churn.periods import Periods, followed_periods, sampled_periods
from pipelines.churn.population import prior_correction
from pipelines.churn.splits import out_of_fold
from pipelines.churn.ways import Ways
from pipelines.churn.ways_training import fit_ways

FOLDS = 3
FEWEST_LEFT = 20
"""With fewer departures there is no curve."""


def fit_curve(rows: Followed, *, leaves: int, horizon_days: int, seed: int = 0) -> RetentionCurve | None:
    """Return the curve; None where fewer than 20 accounts left or too few were followed to the horizon.

    Trees have so many leaves; their number is found by cross-validation over accounts.
    """
    lives, accounts = rows.lives, rows.accounts
    n_periods = followed_periods(lives, accounts)
    if n_periods * PERIOD_DAYS < horizon_days:
        return None
    periods = sampled_periods(lives, rows.weights, n_periods, seed=seed)
    left = np.unique(accounts[periods.row[periods.left]])
    if len(left) < FEWEST_LEFT:
        return None
    data = _training_set(rows, periods)
    folds = out_of_fold(data.accounts, data.churned, n_folds=FOLDS, seed=seed).folds
    settings = parameters(leaves, len(data.churned), seed)
    trees, held_out = boost_folds(BinnedFolds.of(data, folds, settings), settings)
    calibration = Calibration.fit(held_out, data.churned)
    level = calibration.intercept + prior_correction(periods.kept_share)
    import lightgbm

    return RetentionCurve(
        lightgbm.Booster(model_str=fit_text(data, settings, trees)),
        rows.encoder,
        Calibration(level, calibration.slope),
        n_periods,
        len(np.unique(accounts)),
        len(left),
        _ways(rows, periods, data, seed),
    )


def _training_set(rows: Followed, periods: Periods) -> TrainingSet:
    own = with_period(rows.X[periods.row], periods.number)
    return TrainingSet(own, periods.left, rows.accounts[periods.row], rows.encoder.native, periods.kept_share)


def _ways(rows: Followed, periods: Periods, data: TrainingSet, seed: int) -> Ways:
    way = rows.lives.way[periods.row[periods.left]]
    return fit_ways(data.X[periods.left], way, data.accounts[periods.left], data.native, seed=seed)
