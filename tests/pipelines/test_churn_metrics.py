"""Figures of merit agree with scikit-learn, weighted, tied or not."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn import metrics

from pipelines.churn.bootstrap import clustered_mean, percentile_interval, resampled_weights
from pipelines.churn.metrics import auc, figures

RNG = np.random.default_rng(5)
CHURNED = RNG.random(300) < 0.3
SMOOTH = np.clip(0.3 * CHURNED + RNG.random(300) * 0.6, 0.01, 0.99)
TIED = np.round(SMOOTH, 1)
WEIGHTS = RNG.integers(0, 4, (3, 300)).astype(float)
THEIRS = {
    "auc": metrics.roc_auc_score,
    "average_precision": metrics.average_precision_score,
    "log_loss": metrics.log_loss,
    "brier": metrics.brier_score_loss,
}


@pytest.mark.parametrize("prob", [SMOOTH, TIED], ids=["smooth", "tied"])
@pytest.mark.parametrize("name", THEIRS)
def test_weighted_figures_are_those_of_scikit_learn(name: str, prob: np.ndarray) -> None:
    ours = figures(CHURNED, prob, WEIGHTS)[name]
    theirs = [THEIRS[name](CHURNED, prob, sample_weight=weights) for weights in WEIGHTS]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("name", ["auc", "average_precision", "log_loss", "brier", "lift"])
def test_a_weight_of_two_is_the_row_twice(name: str) -> None:
    twice = np.repeat(np.arange(300), WEIGHTS[0].astype(int))
    repeated = figures(CHURNED[twice], TIED[twice], np.ones((1, len(twice))))
    assert figures(CHURNED, TIED, WEIGHTS)[name][0] == pytest.approx(repeated[name][0], rel=1e-12)


def test_lift_is_the_churn_rate_of_the_first_tenth_over_that_of_all() -> None:
    churned = np.arange(20) < 5
    prob = np.linspace(0.9, 0.1, 20)
    assert figures(churned, prob, np.ones((1, 20)))["lift"][0] == pytest.approx(4.0)


def test_equal_probabilities_have_no_lift() -> None:
    assert figures(CHURNED, np.full(300, 0.3), np.ones((1, 300)))["lift"][0] == pytest.approx(1.0)


def test_ece_of_perfect_bins_is_zero_and_of_a_constant_is_the_bias() -> None:
    churned = np.tile([True, False, False, False], 25)
    ones = np.ones((1, 100))
    assert figures(churned, np.full(100, 0.25), ones)["ece"][0] == pytest.approx(0.0)
    assert figures(churned, np.full(100, 0.40), ones)["ece"][0] == pytest.approx(0.15)


def test_ece_is_the_mean_gap_over_bins_of_equal_count() -> None:
    order = np.argsort(SMOOTH)
    gaps = [abs(SMOOTH[part].mean() - CHURNED[part].mean()) for part in np.split(order, 15)]
    assert figures(CHURNED, SMOOTH, np.ones((1, 300)))["ece"][0] == pytest.approx(np.mean(gaps), abs=1e-12)


def test_ranking_is_undefined_when_nobody_churned() -> None:
    found = figures(np.zeros(4, dtype=bool), np.array([0.1, 0.2, 0.3, 0.4]), np.ones((1, 4)))
    assert np.isnan([found["auc"][0], found["average_precision"][0], found["lift"][0]]).all()


def test_auc_alone_is_the_same_number() -> None:
    assert auc(CHURNED, TIED) == pytest.approx(metrics.roc_auc_score(CHURNED, TIED))


def test_an_account_is_drawn_with_all_its_rows() -> None:
    (weights,) = resampled_weights(["a", "b", "a", "c", "b"], 50, seed=1)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 2])
    np.testing.assert_array_equal(weights[:, 1], weights[:, 4])
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_resamples_do_not_depend_on_how_they_are_chunked(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = np.arange(10)
    (whole,) = resampled_weights(accounts, 20, seed=2)
    monkeypatch.setattr("pipelines.churn.bootstrap.CHUNK_CELLS", 30)
    np.testing.assert_array_equal(np.concatenate(list(resampled_weights(accounts, 20, seed=2))), whole)


def test_repeating_every_row_widens_nothing_and_narrows_nothing() -> None:
    def interval(times: int) -> float:
        accounts = np.tile(np.arange(300), times)
        drawn = [
            figures(np.tile(CHURNED, times), np.tile(SMOOTH, times), w)["auc"]
            for w in resampled_weights(accounts, 100, seed=0)
        ]
        found = percentile_interval(0.0, np.concatenate(drawn))
        return found.high - found.low

    assert interval(3) == pytest.approx(interval(1), rel=1e-9)


def test_a_clustered_error_of_single_rows_is_the_ordinary_one() -> None:
    mean, error = clustered_mean(SMOOTH, np.arange(300), np.ones(300))
    assert (mean, error) == (pytest.approx(SMOOTH.mean()), pytest.approx(SMOOTH.std(ddof=1) / np.sqrt(300)))


def test_an_account_that_stands_for_two_is_the_same_account_twice() -> None:
    weights, twice = np.where(CHURNED, 1.0, 2.0), np.repeat(np.arange(300), np.where(CHURNED, 1, 2))
    mean, error = clustered_mean(SMOOTH, np.arange(300), weights)
    assert (mean, error) == pytest.approx(clustered_mean(SMOOTH[twice], twice, np.ones(len(twice))))


@pytest.mark.parametrize("name", THEIRS)
def test_figures_of_a_sample_are_those_of_the_rows_it_stands_for(name: str) -> None:
    found = figures(CHURNED, TIED, WEIGHTS, kept_share=0.05)[name]
    theirs = [THEIRS[name](CHURNED, TIED, sample_weight=w * np.where(CHURNED, 1, 20)) for w in WEIGHTS]
    np.testing.assert_allclose(found, theirs, rtol=1e-12)


@pytest.mark.parametrize("name", ["ece", "lift"])
def test_figures_of_bins_are_nearly_those_of_the_whole(name: str) -> None:
    churned = RNG.random(60_000) < 0.05
    prob = np.clip(0.3 * churned * RNG.random(60_000) + RNG.beta(1, 20, 60_000), 0.001, 0.999)
    kept = churned | (RNG.random(60_000) < 0.1)
    share = (kept & ~churned).sum() / (~churned).sum()
    whole = figures(churned, prob, np.ones((1, len(prob))))[name][0]
    sample = figures(churned[kept], prob[kept], np.ones((1, int(kept.sum()))), kept_share=share)[name][0]
    assert sample == pytest.approx(whole, rel=0.1)


def test_five_hundred_resamples_of_twenty_thousand_rows_take_seconds() -> None:
    n = 20_000
    churned, prob, start = RNG.random(n) < 0.2, RNG.random(n), time.perf_counter()
    for weights in resampled_weights(np.arange(n) // 4, 500, seed=0):
        figures(churned, prob, weights)
    assert time.perf_counter() - start < 20
