"""Whether more of a bad experience does more harm: its thirds, and its penalty beside its reward."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from pipelines.drivers.covariates import Covariates
from pipelines.drivers.driver import THIRDS, Driver, Levels
from pipelines.drivers.effect import CLIPPED, CONFIDENCE, POINTS, clustered_error
from pipelines.drivers.nuisance import Binned, Floats
from pipelines.drivers.rows import DriverRows, Ints


class Step(NamedTuple):
    """By how many percentage points churn rises from one third to the next worse one, with its interval."""

    points: float
    low: float
    high: float
    n_rows: int
    n_accounts: int


def dose_steps(rows: DriverRows, driver: Driver, covariates: Covariates, *, seed: int) -> tuple[Step, ...]:
    """Return the steps from the best third of an experience to the middle one, and from there to the worst.

    Average potential outcomes of all three, by DoubleML's `DoubleMLAPOS`; errors are clustered by account. Nothing
    where there are no three different thirds.
    """
    values = rows.now[driver.feature.name].to_numpy(dtype=float)
    chosen = ~np.isnan(values) & ~np.isnan(rows.churned)
    if chosen.sum() == 0:
        return ()
    bounds = np.quantile(values[chosen], THIRDS)
    third = np.searchsorted(bounds, values[chosen], side="left")
    if driver.feature.direction < 0:
        third = 2 - third
    if len(np.unique(third)) < 3:
        return ()
    churned = rows.churned[chosen].astype(np.int64)
    scores, points = _potential_outcomes(
        third, churned, Binned.of(covariates.matrix[chosen]), rows.folds(seed)[chosen], seed
    )
    account, reach = rows.account[chosen], float(norm.isf((1 - CONFIDENCE) / 2)) * POINTS
    steps = []
    for better, worse in ((0, 1), (1, 2)):
        difference = float(points[worse] - points[better]) * POINTS
        half = reach * clustered_error(scores[worse] - scores[better], account)
        steps.append(Step(difference, difference - half, difference + half, len(third), len(np.unique(account))))
    return tuple(steps)


def is_monotone(steps: tuple[Step, ...]) -> bool:
    """Return whether no step goes against another beyond their intervals.

    >>> is_monotone((Step(2.0, 1.0, 3.0, 900, 300), Step(-2.0, -3.0, -1.0, 900, 300)))
    False
    """
    return not (any(step.low > 0 for step in steps) and any(step.high < 0 for step in steps))


def penalty_levels(levels: Levels, values: Floats) -> Levels:
    """Return the contrast of a bad experience with a normal one, neither bad nor good."""
    return levels._replace(is_good=_is_normal(levels, values))


def reward_levels(levels: Levels, values: Floats) -> Levels:
    """Return the contrast of a good experience with a normal one, the good one in the place of the bad."""
    return levels._replace(is_bad=levels.is_good, is_good=_is_normal(levels, values))


def _is_normal(levels: Levels, values: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return ~np.isnan(values) & ~levels.is_bad & ~levels.is_good


def _potential_outcomes(
    third: Ints, churned: Ints, binned: Binned, folds: Ints, seed: int
) -> tuple[list[Floats], Floats]:
    """The scores and the mean of churn had everyone been in each third."""
    import doubleml
    import pandas as pd
    from doubleml.utils import DMLDummyClassifier

    everyone, given = np.ones(len(third), dtype=bool), {}
    for one in range(3):
        chance = binned.cross_fitted((third == one).astype(np.int64), everyone, folds, seed=seed)
        expected = binned.cross_fitted(churned, third == one, folds, seed=seed)
        given[one] = {"ml_m": chance[:, None], "ml_g_d_lvl1": expected[:, None], "ml_g_d_lvl0": expected[:, None]}
    with warnings.catch_warnings():
        # It would split and learn by itself; all chances are given instead.
        warnings.simplefilter("ignore")
        columns = pd.DataFrame({"churned": churned, "third": third, "x": np.zeros(len(third))})
        data = doubleml.DoubleMLData(columns, "churned", "third", x_cols=["x"])
        clipped = doubleml.utils.PSProcessorConfig(clipping_threshold=CLIPPED)
        nobody = DMLDummyClassifier()
        model = doubleml.DoubleMLAPOS(data, nobody, nobody, [0, 1, 2], n_folds=2, ps_processor_config=clipped)
        model.fit(external_predictions=given)
    return [one.psi[:, 0, 0] for one in model.modellist], model.coef
