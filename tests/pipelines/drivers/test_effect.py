"""Effects against the truth, against formulas written by hand, and against the packages they come from."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipelines.drivers.adjustment import Adjustment
from pipelines.drivers.driver import Driver, levels
from pipelines.drivers.effect import Comparison, compared, effect_of
from pipelines.drivers.overlap import comparable, refusal, share_left_out
from pipelines.drivers.rows import DriverRows
from pipelines.drivers.second_opinion import second_opinion
from pipelines.drivers.sensitivity import hidden_cause

TRUE_POINTS = 8.0


def comparison_of(rows: DriverRows, driver: Driver, seed: int = 0) -> Comparison:
    contrast = levels(driver, rows.now[driver.feature.name].to_numpy(dtype=float))
    adjustment = Adjustment.of(rows, seed)
    return compared(rows, contrast, adjustment.chosen(adjustment.experience_gains(contrast), ()), seed=seed)


@pytest.fixture(scope="module")
def comparison(rows: DriverRows, outage: Driver) -> Comparison:
    return comparison_of(rows, outage)


def naive_points(comparison: Comparison) -> float:
    return 100 * float(comparison.churned[comparison.bad == 1].mean() - comparison.churned[comparison.bad == 0].mean())


def test_intervals_cover_the_truth_where_a_plain_difference_does_not(
    make_rows: Callable[..., DriverRows], outage: Driver
) -> None:
    found = [comparison_of(make_rows(seed), outage) for seed in range(8)]
    effects = [effect_of(one) for one in found]
    assert sum(effect.low <= TRUE_POINTS <= effect.high for effect in effects) >= 6
    assert abs(np.mean([effect.points for effect in effects]) - TRUE_POINTS) < 1.0
    assert np.mean([naive_points(one) for one in found]) > TRUE_POINTS + 1.5


def test_a_confounded_driver_that_does_nothing_has_no_effect(
    make_rows: Callable[..., DriverRows], mail: Driver
) -> None:
    found = [comparison_of(make_rows(seed), mail) for seed in range(8)]
    assert sum(effect_of(one).p_value < 0.05 for one in found) <= 1
    assert np.mean([naive_points(one) for one in found]) > 2


def test_the_effect_is_the_augmented_inverse_propensity_score_of_the_paper(comparison: Comparison) -> None:
    bad, rest = comparison.bad, comparison.churned - comparison.expected
    chance = np.clip(comparison.chance, 0.01, 0.99)
    score = (bad * rest - (1 - bad) * chance / (1 - chance) * rest) / bad.mean()
    assert effect_of(comparison).points == pytest.approx(100 * score.mean(), rel=1e-9)


def test_errors_are_those_of_doubleml_with_accounts_as_clusters(comparison: Comparison) -> None:
    import doubleml
    from doubleml.utils import DMLDummyClassifier

    columns = {
        "y": comparison.churned,
        "d": comparison.bad,
        "a": comparison.account,
        "x": np.zeros(len(comparison.bad)),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = doubleml.DoubleMLData(pd.DataFrame(columns), "y", "d", x_cols=["x"], cluster_cols="a")
        model = doubleml.DoubleMLIRM(data, DMLDummyClassifier(), DMLDummyClassifier(), score="ATTE")
        given = {"ml_m": comparison.chance, "ml_g0": comparison.expected, "ml_g1": comparison.expected}
        model.fit(external_predictions={"d": {name: chance[:, None] for name, chance in given.items()}})
    effect = effect_of(comparison)
    assert effect.error == pytest.approx(100 * float(model.se[0]), rel=0.03)
    assert effect.points == pytest.approx(100 * float(model.coef[0]), abs=0.2)


def test_rows_of_one_account_do_not_count_twice(comparison: Comparison) -> None:
    twice = Comparison(*(np.tile(column, 2) for column in vars(comparison).values()))
    once, doubled = effect_of(comparison), effect_of(twice)
    assert doubled.points == pytest.approx(once.points)
    assert doubled.error == pytest.approx(once.error)


def test_no_account_tells_of_itself(rows: DriverRows) -> None:
    folds = pd.Series(rows.folds(0)).groupby(rows.account)
    assert (folds.nunique() == 1).all()
    assert set(folds.first()) == {0, 1, 2, 3, 4}


def test_a_group_that_never_had_it_good_is_refused_with_the_reason(comparison: Comparison) -> None:
    always = comparison.among(comparison.bad == 1)
    assert refusal(always, "large account") == "no large account ever had it good"
    few = comparison.among((comparison.bad == 1) | (np.cumsum(1 - comparison.bad) <= 20))
    assert refusal(few, "account") == "accounts had it good 20 times only, fewer than 50"


def test_rows_without_a_counterpart_are_left_out_and_too_many_are_refused(comparison: Comparison) -> None:
    lonely = Comparison(**vars(comparison) | {"chance": np.where(comparison.account % 3 == 0, 0.97, comparison.chance)})
    assert 0.25 < share_left_out(lonely) < 0.4
    assert not (comparable(lonely).account % 3 == 0).any()
    assert refusal(lonely, "account") is None
    lonelier = Comparison(**vars(comparison) | {"chance": np.full(len(comparison.bad), 0.97)})
    assert "hardly any like one had it good" in str(refusal(lonelier, "account"))


def test_the_second_opinion_is_a_logistic_regression_with_clustered_errors(
    rows: DriverRows, comparison: Comparison
) -> None:
    import statsmodels.api as sm

    from pipelines.drivers.covariates import before_window

    covariates = before_window(rows).rows(comparison.rows)
    logs = np.log1p(rows.before["employees"].to_numpy()[comparison.rows])
    design = np.column_stack([np.ones(len(logs)), comparison.bad, (logs - logs.mean()) / logs.std()])
    found = sm.GLM(comparison.churned, design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": comparison.account}
    )
    without = design.copy()
    without[:, 1] = 0
    is_bad = comparison.bad == 1
    points = 100 * float((found.predict(design) - found.predict(without))[is_bad].mean())
    opinion = second_opinion(comparison, covariates)
    assert opinion.points == pytest.approx(points, rel=0.01)
    # By simulation from the estimated covariance, instead of the delta method.
    drawn = np.random.default_rng(0).multivariate_normal(found.params, found.cov_params(), 4000)
    shares = 1 / (1 + np.exp(-(drawn @ design[is_bad].T))) - 1 / (1 + np.exp(-(drawn @ without[is_bad].T)))
    assert opinion.error == pytest.approx(100 * shares.mean(axis=1).std(), rel=0.06)


def test_a_hidden_cause_of_no_strength_leaves_the_interval_and_one_of_some_widens_it(
    rows: DriverRows, outage: Driver, comparison: Comparison
) -> None:
    effect = effect_of(comparison)
    none = hidden_cause(comparison, comparison)
    assert (none.low, none.high) == pytest.approx((effect.low, effect.high), rel=0.01)
    contrast = levels(outage, rows.now[outage.feature.name].to_numpy(dtype=float))
    blind = compared(rows, contrast, Adjustment.of(rows, 0).base.without_family("firmographic"), seed=0)
    some = hidden_cause(comparison, blind)
    assert some.low < effect.low - 0.5
    assert some.high > effect.high + 0.5
    # Were firm size not known, the interval under a hidden cause as strong as it is would still hold the truth.
    assert some.low < TRUE_POINTS < some.high
