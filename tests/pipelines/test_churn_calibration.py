"""The calibration finds the truth, and cannot turn the ranking round."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from features.errors import ModelError, ReleaseError
from pipelines.churn.calibration import Calibration, probability


def sample(intercept: float, slope: float, n: int = 5_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    raw = rng.normal(-1, 1.5, n)
    return raw, rng.random(n) < probability(intercept + slope * raw)


def test_it_agrees_with_an_unpenalised_logistic_regression() -> None:
    raw, churned = sample(-0.5, 0.6)
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(raw[:, None], churned)
    ours = Calibration.fit(raw, churned)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=2e-3)
    assert ours.slope == pytest.approx(theirs.coef_[0, 0], abs=2e-3)


def test_honest_log_odds_are_left_almost_alone() -> None:
    fitted = Calibration.fit(*sample(0.0, 1.0, n=50_000))
    assert fitted.slope == pytest.approx(1, abs=0.05)
    assert fitted.intercept == pytest.approx(0, abs=0.05)


def test_the_mean_probability_is_the_churn_rate() -> None:
    raw, churned = sample(1.0, 0.4)
    assert probability(Calibration.fit(raw, churned).apply(raw)).mean() == pytest.approx(churned.mean(), abs=1e-6)


def test_the_slope_stays_positive_when_scores_are_upside_down() -> None:
    raw, churned = sample(0.0, -1.0)
    fitted = Calibration.fit(raw, churned)
    assert 0 < fitted.slope < 0.05
    assert probability(fitted.apply(raw)).mean() == pytest.approx(churned.mean(), abs=1e-3)


def test_the_slope_stays_finite_when_scores_separate_everybody() -> None:
    fitted = Calibration.fit(np.array([-1.0, -1.0, 1.0, 1.0]), np.array([False, False, True, True]))
    assert 1 < fitted.slope < 10


def test_constant_scores_give_the_churn_rate() -> None:
    churned = np.arange(100) < 20
    fitted = Calibration.fit(np.full(100, -3.0), churned)
    assert probability(fitted.apply(np.array([-3.0]))).item() == pytest.approx(0.2, abs=1e-6)


@pytest.mark.parametrize("churned", [np.ones(9, dtype=bool), np.zeros(9, dtype=bool)])
def test_one_kind_of_account_is_refused(churned: np.ndarray) -> None:
    with pytest.raises(ModelError, match="some that churned and some that stayed"):
        Calibration.fit(np.zeros(9), churned)


def test_probabilities_never_reach_zero_or_one() -> None:
    prob = probability(np.array([-1e9, 1e9]))
    assert 0 < prob[0] < prob[1] < 1


def test_json_brings_back_the_same_calibration() -> None:
    calibration = Calibration(-0.12345678901234567, 1.1)
    assert Calibration.from_json(calibration.to_json()) == calibration


@pytest.mark.parametrize("text", ["{}", "oops", '{"intercept": 0, "slope": 0}', '{"intercept": NaN, "slope": 1}'])
def test_json_that_is_no_calibration_is_refused(text: str) -> None:
    with pytest.raises(ReleaseError, match="train again"):
        Calibration.from_json(text)


def test_blocks_of_another_level_leave_the_slope_alone() -> None:
    rng = np.random.default_rng(5)
    raw, block = rng.normal(0, 2, 60_000), np.repeat([0, 1, 2], 20_000)
    shifted = np.array([-2.0, 0.0, 2.5])[block] + 0.7 * raw
    churned = rng.random(len(raw)) < 1 / (1 + np.exp(-shifted))
    fitted = Calibration.fit(raw, churned, block)
    assert fitted.slope == pytest.approx(0.7, abs=0.02)
    assert fitted.intercept == pytest.approx(np.mean([-2.0, 0.0, 2.5]), abs=0.05)
    assert Calibration.fit(raw, churned).slope < 0.6


@pytest.mark.parametrize("rate", [0.001, 0.3, 0.99])
def test_at_a_level_the_mean_probability_is_the_rate(rate: float) -> None:
    raw = np.random.default_rng(6).normal(-2, 3, 1_000)
    level = Calibration(0.4, 0.8).at_level(raw, rate)
    assert probability(level.apply(raw)).mean() == pytest.approx(rate, abs=1e-9)
    assert level.slope == 0.8
