"""Calibration intercept and slope, beside statsmodels, and where they cannot be had."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from pipelines.churn.reliability import reliability

RNG = np.random.default_rng(7)
N = 3000
ACCOUNTS = RNG.integers(600, size=N)
TRUE = RNG.normal(-1.5, 1.0, N) + RNG.normal(0, 0.5, 600)[ACCOUNTS]
CHURNED = RNG.random(N) < 1 / (1 + np.exp(-TRUE))


def test_intercept_and_slope_are_those_of_logistic_regressions_with_errors_by_account() -> None:
    told = 1.3 * TRUE + 0.4
    found = reliability(told, CHURNED, ACCOUNTS, np.ones(N))
    assert found is not None
    clustered = {"groups": ACCOUNTS, "use_correction": False, "df_correction": False}
    line = sm.GLM(CHURNED.astype(float), sm.add_constant(told), family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds=clustered
    )
    assert found.slope.value == pytest.approx(line.params[1])
    assert (found.slope.low, found.slope.high) == pytest.approx(tuple(line.conf_int()[1]), rel=1e-3)
    alone = sm.GLM(CHURNED.astype(float), np.ones((N, 1)), family=sm.families.Binomial(), offset=told).fit(
        cov_type="cluster", cov_kwds=clustered
    )
    assert found.intercept.value == pytest.approx(alone.params[0])
    assert (found.intercept.low, found.intercept.high) == pytest.approx(tuple(alone.conf_int()[0]), rel=1e-3)


@pytest.mark.parametrize(
    ("told", "slope", "intercept"), [(TRUE, (0.85, 1.15), 0.0), (2 * TRUE, (0.4, 0.6), None), (TRUE - 1, None, 1.0)]
)
def test_too_extreme_is_a_slope_below_one_and_too_low_an_intercept_above_nought(
    told: np.ndarray, slope: tuple[float, float] | None, intercept: float | None
) -> None:
    found = reliability(told, CHURNED, ACCOUNTS, np.ones(N))
    assert found is not None
    assert slope is None or slope[0] < found.slope.value < slope[1]
    assert intercept is None or found.intercept.low < intercept < found.intercept.high


def test_a_weight_of_two_is_two_rows() -> None:
    weights = 1.0 + (np.arange(N) % 2)
    twice = np.repeat(np.arange(N), weights.astype(int))
    weighted = reliability(TRUE, CHURNED, ACCOUNTS, weights)
    repeated = reliability(TRUE[twice], CHURNED[twice], ACCOUNTS[twice], np.ones(len(twice)))
    assert weighted is not None
    assert repeated is not None
    for one, other in zip(weighted, repeated, strict=True):
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


@pytest.mark.parametrize(
    ("log_odds", "churned"),
    [
        (TRUE, np.zeros(N, dtype=bool)),
        (np.where(CHURNED, 1.0, -1.0), CHURNED),
        (np.zeros(N), CHURNED),
    ],
    ids=["one outcome", "parted", "one prediction"],
)
def test_where_there_is_no_line_there_is_no_answer(log_odds: np.ndarray, churned: np.ndarray) -> None:
    assert reliability(log_odds, churned, ACCOUNTS, np.ones(N)) is None
