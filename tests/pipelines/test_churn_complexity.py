"""The trees are as large as the data need, and no larger."""

from __future__ import annotations

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from sklearn.metrics import log_loss

from pipelines.churn.boosting import BinnedFolds, TrainingSet, boost_folds, fit_text, parameters
from pipelines.churn.calibration import probability
from pipelines.churn.complexity import choose_complexity, settings_of
from pipelines.churn.splits import out_of_fold


def training_set(log_odds: np.ndarray, X: np.ndarray, seed: int = 0) -> TrainingSet:
    churned = np.random.default_rng(seed).random(len(X)) < probability(log_odds)
    return TrainingSet(X, churned, np.arange(len(X)), [])


X = np.random.default_rng(3).normal(size=(1_500, 3))


def test_effects_that_add_up_need_stumps_only() -> None:
    data = training_set(X[:, 0] - X[:, 1], X)
    search = choose_complexity(data, out_of_fold(data.accounts, data.churned, n_folds=3).folds, seed=0)
    assert search.chosen.leaves == 2


def test_an_interaction_needs_larger_trees() -> None:
    data = training_set(3 * np.sign(X[:, 0] * X[:, 1]), X)
    search = choose_complexity(data, out_of_fold(data.accounts, data.churned, n_folds=3).folds, seed=0)
    assert search.chosen.leaves > 2


def test_the_climb_ends_when_two_sizes_bring_nothing() -> None:
    data = training_set(X[:, 0] - X[:, 1], X)
    told: list[str] = []
    folds = out_of_fold(data.accounts, data.churned, n_folds=3).folds
    rungs = choose_complexity(data, folds, seed=0, progress=told.append).rungs
    best = min(range(len(rungs)), key=lambda i: rungs[i].log_loss)
    assert len(rungs) == len(told) == best + 3
    assert told[0].startswith("2 leaves, ")


@pytest.mark.parametrize(("directions", "kept"), [([1, -1, 0], True), ([-1, 1, 0], False), ([0, 0, 0], False)])
def test_known_directions_are_kept_unless_the_data_speak_against_them(directions: list[int], kept: bool) -> None:
    data = replace(training_set(X[:, 0] - X[:, 1], X), directions=directions)
    search = choose_complexity(data, out_of_fold(data.accounts, data.churned, n_folds=3).folds, seed=0)
    assert search.chosen.is_monotone == kept
    if kept:
        text = fit_text(data, settings_of(data, search.chosen, 0), search.chosen.trees)
        grid = np.column_stack([np.linspace(-3, 3, 50), np.zeros(50), np.zeros(50)])
        assert (np.diff(lightgbm.Booster(model_str=text).predict(grid)) >= 0).all()


def test_the_loss_told_is_that_of_the_held_out_predictions() -> None:
    data = training_set(X[:, 0], X)
    search = choose_complexity(data, out_of_fold(data.accounts, data.churned, n_folds=3).folds, seed=0)
    assert search.chosen.log_loss == pytest.approx(log_loss(data.churned, probability(search.log_odds)))


def test_rows_that_are_never_held_out_have_no_prediction() -> None:
    data = training_set(X[:, 0], X)
    folds = out_of_fold(data.accounts, data.churned, n_folds=3).folds[:1]
    settings = parameters(2, 1_000, 0)
    _, log_odds = boost_folds(BinnedFolds.of(data, folds, settings), settings, max_trees=25)
    np.testing.assert_array_equal(np.flatnonzero(~np.isnan(log_odds)), folds[0].test)


def test_held_out_labels_do_not_reach_the_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.churn.boosting.STRIDE", 1)
    data = training_set(X[:, 0], X)
    (fold, *_) = out_of_fold(data.accounts, data.churned, n_folds=3).folds
    churned = data.churned.copy()
    churned[fold.test] = ~churned[fold.test]
    other = TrainingSet(data.X, churned, data.accounts, [])
    settings = parameters(8, 1_000, 0)
    binned = [BinnedFolds.of(one, [fold], settings) for one in (data, other)]
    found = [boost_folds(one, settings, max_trees=1)[1] for one in binned]
    np.testing.assert_array_equal(*found)


def test_the_number_of_threads_changes_no_tree() -> None:
    data = training_set(X[:, 0] * X[:, 1], X)
    texts = [fit_text(data, parameters(8, 1_500, 0) | {"num_threads": n}, 20) for n in (1, 2)]
    assert texts[0] == texts[1].replace("[num_threads: 2]", "[num_threads: 1]")
