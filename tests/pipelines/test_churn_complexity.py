"""The trees are as large as the data need, and no larger."""

from __future__ import annotations

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from sklearn.metrics import log_loss

from pipelines.churn.boosting import BinnedFolds, TrainingSet, boost_folds, fit_text, parameters
from pipelines.churn.calibration import probability
from pipelines.churn.complexity import choose_complexity
from pipelines.churn.shape import LADDER, Shape
from pipelines.churn.splits import out_of_fold
from pipelines.churn.study import Effort, Study


def training_set(log_odds: np.ndarray, X: np.ndarray, seed: int = 0) -> TrainingSet:
    churned = np.random.default_rng(seed).random(len(X)) < probability(log_odds)
    return TrainingSet(X, churned, np.arange(len(X)), [])


X = np.random.default_rng(3).normal(size=(1_500, 3))


def test_effects_that_add_up_need_stumps_only() -> None:
    data = training_set(X[:, 0] - X[:, 1], X)
    search = choose_complexity(data, out_of_fold(data.accounts, data.churned, n_folds=3).folds, seed=0)
    assert search.chosen.shape.leaves == 2


def test_an_interaction_needs_larger_trees() -> None:
    data = training_set(3 * np.sign(X[:, 0] * X[:, 1]), X)
    search = choose_complexity(data, out_of_fold(data.accounts, data.churned, n_folds=3).folds, seed=0)
    assert search.chosen.shape.leaves > 2


def test_the_climb_ends_when_two_sizes_bring_nothing() -> None:
    data = training_set(X[:, 0] - X[:, 1], X)
    told: list[str] = []
    folds = out_of_fold(data.accounts, data.churned, n_folds=3).folds
    trials = choose_complexity(data, folds, seed=0, progress=told.append).trials
    sizes = [trial for trial in trials if trial.shape.is_usual]
    best = min(range(len(sizes)), key=lambda i: sizes[i].log_loss)
    assert [trial.shape.leaves for trial in sizes] == list(LADDER[: best + 3])
    assert len(told) == len(trials)
    assert told[0].startswith("2 leaves, ")


@pytest.mark.parametrize(("directions", "kept"), [([1, -1, 0], True), ([-1, 1, 0], False), ([0, 0, 0], False)])
def test_known_directions_are_kept_unless_the_data_speak_against_them(directions: list[int], kept: bool) -> None:
    data = replace(training_set(X[:, 0] - X[:, 1], X), directions=directions)
    search = choose_complexity(data, out_of_fold(data.accounts, data.churned, n_folds=3).folds, seed=0)
    assert search.chosen.shape.is_monotone == kept
    if kept:
        text = fit_text(data, search.chosen.shape.settings(len(X), 0, directions), search.chosen.trees)
        grid = np.column_stack([np.linspace(-3, 3, 50), np.zeros(50), np.zeros(50)])
        assert (np.diff(lightgbm.Booster(model_str=text).predict(grid)) >= 0).all()


def test_the_loss_told_is_that_of_the_held_out_predictions() -> None:
    data = training_set(X[:, 0], X)
    search = choose_complexity(data, out_of_fold(data.accounts, data.churned, n_folds=3).folds, seed=0)
    assert search.chosen.log_loss == pytest.approx(log_loss(data.churned, probability(search.log_odds)))


def test_further_trials_gain_where_the_usual_pull_is_too_strong() -> None:
    wide = np.random.default_rng(5).normal(size=(400, 3))
    data = training_set(6 * wide[:, 0], wide)
    folds = out_of_fold(data.accounts, data.churned, n_folds=3).folds
    usual = min(
        (trial for trial in choose_complexity(data, folds, seed=0).trials if trial.shape.is_usual),
        key=lambda trial: trial.log_loss,
    )
    search = choose_complexity(data, folds, seed=0)
    assert not search.chosen.shape.is_usual
    assert search.chosen.log_loss < usual.log_loss


def test_as_many_trials_asked_for_again_give_the_same() -> None:
    data = replace(training_set(X[:, 0] - X[:, 1], X), directions=[1, -1, 0])
    folds = out_of_fold(data.accounts, data.churned, n_folds=3).folds
    usual = choose_complexity(data, folds, seed=0)
    again = choose_complexity(data, folds, seed=0, effort=Effort(trials=usual.n_trials))
    assert [trial.sentence for trial in again.trials] == [trial.sentence for trial in usual.trials]
    assert again.chosen.shape == usual.chosen.shape
    fewer = choose_complexity(data, folds, seed=0, effort=Effort(trials=3))
    assert [trial.sentence for trial in fewer.trials] == [trial.sentence for trial in usual.trials[:3]]


def test_no_trial_begins_after_the_time_and_the_first_always_does(monkeypatch: pytest.MonkeyPatch) -> None:
    data = training_set(X[:, 0] - X[:, 1], X)
    folds = out_of_fold(data.accounts, data.churned, n_folds=3).folds
    ticks = iter(range(0, 10_000, 60))
    monkeypatch.setattr("pipelines.churn.study.time.monotonic", lambda: next(ticks))
    search = choose_complexity(data, folds, seed=0, effort=Effort(minutes=2.0))
    assert search.is_out_of_time
    assert search.n_trials == 2
    again = choose_complexity(data, folds, seed=0, effort=Effort(trials=2))
    assert not again.is_out_of_time
    assert [trial.sentence for trial in again.trials] == [trial.sentence for trial in search.trials]


def test_the_study_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    data = training_set(X[:, 0], X)
    choose_complexity(data, out_of_fold(data.accounts, data.churned, n_folds=3).folds, seed=0)
    assert capfd.readouterr() == ("", "")


def test_trials_of_other_shapes_are_told_with_what_differs() -> None:
    data = training_set(X[:, 0], X)
    study = Study(data, out_of_fold(data.accounts, data.churned, n_folds=3).folds, 0, Effort(), None)
    trial = study.tried(Shape(2, l2=1.0))
    assert trial is not None
    assert "leaves x 1, L2 1, 50% of features" in trial.sentence


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
