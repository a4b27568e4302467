"""The effect of a bad experience on those who had it: augmented inverse propensity, clustered by account."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import norm

from pipelines.drivers.covariates import Covariates
from pipelines.drivers.driver import Levels
from pipelines.drivers.nuisance import Binned, Bools, Floats
from pipelines.drivers.rows import DriverRows, Ints

if TYPE_CHECKING:
    from doubleml import DoubleMLIRM

CLIPPED = 0.01
"""Chances of the experience nearer to 0 or 1 than this count as this, so that no row outweighs all others."""
CONFIDENCE = 0.95
POINTS = 100.0


class Effect(NamedTuple):
    """A difference in churn within the horizon, in percentage points, with its interval and how much it rests on.

    `error` is its standard error in points; `n_bad` and `n_good` are rows of `n_accounts` accounts; `p_value` is
    two-sided against no effect.
    """

    points: float
    low: float
    high: float
    error: float
    p_value: float
    n_bad: int
    n_good: int
    n_accounts: int


@dataclass(frozen=True)
class Comparison:
    """Rows that had an experience bad or good, with what was learnt of each: everything an effect is made of.

    Attributes
    ----------
    rows
        places among the driver rows.
    bad, churned
        1 or 0.
    account
        numbers.
    chance
        of the bad experience, given the covariates (the propensity), from other accounts.
    expected
        chance of churn had the experience been good, from other accounts.
    """

    rows: Ints
    bad: Ints
    churned: Ints
    account: Ints
    chance: Floats
    expected: Floats

    def among(self, chosen: Bools) -> Comparison:
        """Return the comparison within some of its rows."""
        return Comparison(
            rows=self.rows[chosen],
            bad=self.bad[chosen],
            churned=self.churned[chosen],
            account=self.account[chosen],
            chance=self.chance[chosen],
            expected=self.expected[chosen],
        )

    @property
    def n_accounts(self) -> int:
        """How many accounts the rows are of."""
        return int(np.count_nonzero(np.bincount(self.account)))

    @property
    def churn_if_bad(self) -> float:
        """Share of the rows with the bad experience that churned (counted)."""
        return float(self.churned[self.bad == 1].mean())


def compared(rows: DriverRows, levels: Levels, covariates: Covariates, *, seed: int) -> Comparison:
    """Return the rows whose label has come due at the two levels, with the chances that their effect needs.

    `covariates` are what is adjusted for, of all rows.
    """
    chosen = np.flatnonzero((levels.is_bad | levels.is_good) & ~np.isnan(rows.churned))
    bad, churned = levels.is_bad[chosen].astype(np.int64), rows.churned[chosen].astype(np.int64)
    folds, binned = rows.folds(seed)[chosen], Binned.of(covariates.rows(chosen).matrix)
    return Comparison(
        rows=chosen,
        bad=bad,
        churned=churned,
        account=rows.account[chosen],
        chance=binned.cross_fitted(bad, np.ones(len(bad), dtype=bool), folds, seed=seed),
        expected=binned.cross_fitted(churned, bad == 0, folds, seed=seed),
    )


def effect_of(comparison: Comparison, *, confidence: float = CONFIDENCE) -> Effect:
    """Return the average effect on those who had it bad (ATT) of that, instead of having it good.

    Chernozhukov, Chetverikov, Demirer, Duflo, Hansen, Newey and Robins (2018), eq. 5.3 and 5.4, by DoubleML's
    `DoubleMLIRM(score="ATTE")`. Its scores are added up by account before they are squared (Liang and Zeger 1986): the
    rows of one account are not independent. DoubleML's own clusters give the same, but in a time that grows with the
    square of the rows.
    """
    model = fitted_model(comparison)
    points, error = float(model.coef[0]) * POINTS, clustered_error(model.psi[:, 0, 0], comparison.account) * POINTS
    z = float(norm.isf((1 - confidence) / 2))
    return Effect(
        points=points,
        low=points - z * error,
        high=points + z * error,
        error=error,
        p_value=float(2 * norm.sf(abs(points) / error)) if error > 0 else 1.0,
        n_bad=int(comparison.bad.sum()),
        n_good=int((1 - comparison.bad).sum()),
        n_accounts=comparison.n_accounts,
    )


def minimum_effect_p(effect: Effect, smallest: float) -> float:
    """Return the p-value of an effect against all that are no larger than `smallest` points, either way.

    Murphy and Myors (1999), Testing the hypothesis that treatments have negligible effects, Journal of Applied
    Psychology 84(2): with enough accounts everything differs a little, and no adjustment is perfect to a tenth of a
    point. With `smallest` 0 it is the usual two-sided p-value.

    >>> effect = Effect(points=1.0, low=0.02, high=1.98, error=0.5, p_value=0.0455, n_bad=90, n_good=90, n_accounts=60)
    >>> [round(minimum_effect_p(effect, smallest), 4) for smallest in (0.0, 0.25)]
    [0.0455, 0.073]
    """
    if effect.error == 0:
        return 1.0
    return float(norm.sf(np.array([abs(effect.points) - smallest, abs(effect.points) + smallest]) / effect.error).sum())


def clustered_error(scores: Floats, account: Ints) -> float:
    """Return the standard error of a mean of scores (influence function values, n), accounts being independent.

    >>> clustered_error(np.array([1.0, 1.0, -1.0, -1.0]), np.array([0, 0, 1, 1]))
    0.7071067811865476
    """
    return float(np.sqrt(np.square(np.bincount(account, scores)).sum()) / len(scores))


def fitted_model(comparison: Comparison) -> DoubleMLIRM:
    """Return DoubleML's model of a comparison, with the chances learnt beforehand."""
    import doubleml
    import pandas as pd
    from doubleml.utils import DMLDummyClassifier

    columns = {"churned": comparison.churned, "bad": comparison.bad, "x": np.zeros(len(comparison.bad))}
    with warnings.catch_warnings():
        # It would split and learn by itself; both chances are given instead.
        warnings.simplefilter("ignore")
        data = doubleml.DoubleMLData(pd.DataFrame(columns), "churned", "bad", x_cols=["x"])
        clipped = doubleml.utils.PSProcessorConfig(clipping_threshold=CLIPPED)
        nobody = DMLDummyClassifier()
        model = doubleml.DoubleMLIRM(data, nobody, nobody, n_folds=2, score="ATTE", ps_processor_config=clipped)
        chances = {"ml_m": comparison.chance, "ml_g0": comparison.expected, "ml_g1": comparison.expected}
        model.fit(external_predictions={"bad": {name: chance[:, None] for name, chance in chances.items()}})
    return model
