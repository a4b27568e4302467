"""Uplift is learnt where it is, is one for all where accounts do not differ, and is refused without overlap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipelines.actions.judged import policy_value, qini, uplift_area
from pipelines.actions.learn import Learnt, learn_kind
from pipelines.actions.scores import Chances, robust_scores
from pipelines.actions.trial import Trial
from pipelines.actions.uplift import Honest

HELP, HARM = 0.12, -0.15


@pytest.fixture(scope="module")
def make_trial() -> Callable[..., tuple[Trial, np.ndarray]]:
    def make(seed: int, *, effect: float = 1.0, confounded: bool = False, n: int = 6000) -> tuple[Trial, np.ndarray]:
        """Trials in which those above 0 in the first column are helped, those below harmed, times `effect`."""
        rng = np.random.default_rng(seed)
        account = np.arange(n) // 2
        X = rng.normal(size=(n // 2, 4)).astype(np.float32)[account]
        truth = effect * np.where(X[:, 0] > 0, HELP, HARM)
        stays = 0.7 - 0.15 * (X[:, 1] > 0)
        chance = np.where(X[:, 1] > 0, 0.8, 0.2) if confounded else np.full(n, 0.5)
        helped = (rng.random(n) < chance).astype(np.int64)
        stayed = (rng.random(n) < stays + truth * helped).astype(np.int64)
        return Trial(X, helped, stayed, account, np.full(n, np.nan) if confounded else chance), truth

    return make


@pytest.fixture(scope="module")
def planted(make_trial) -> tuple[Learnt, Trial, np.ndarray]:
    trial, truth = make_trial(0)
    return learn_kind("call", trial, seed=0), trial, truth


def test_whom_it_helps_and_whom_it_harms_is_found(planted):
    learnt, trial, truth = planted
    benefit = learnt.benefit(trial.X)
    assert learnt.grade == "randomised"
    assert learnt.helps_some
    assert learnt.harms_some
    assert np.corrcoef(benefit.points, truth)[0, 1] > 0.8
    assert (np.sign(benefit.points) == np.sign(truth)).mean() > 0.9


def test_intervals_of_accounts_hold_their_true_effects(planted):
    learnt, trial, truth = planted
    benefit = learnt.benefit(trial.X)
    assert ((benefit.low <= 100 * truth) & (100 * truth <= benefit.high)).mean() >= 0.9


def test_predictions_hold_in_every_tenth_of_accounts_not_seen(planted):
    judged = planted[0].judged
    assert judged is not None
    assert np.mean([came.low - 4 <= predicted <= came.high + 4 for predicted, came in judged.deciles]) >= 0.9
    assert judged.qini.is_above_zero


def test_one_effect_for_all_is_told_as_one_and_no_effect_as_none(make_trial):
    learnt = learn_kind("call", make_trial(1, effect=0.0)[0], seed=0)
    assert not learnt.helps_some
    assert not learnt.harms_some
    assert learnt.uplift is not None
    assert not learnt.uplift.tells_apart
    assert np.ptp(learnt.benefit(make_trial(1)[0].X).points) == 0


def test_logged_helping_is_adjusted_where_the_plain_difference_is_wrong_in_sign(make_trial):
    trial, truth = make_trial(2, effect=0.5, confounded=True)
    trial = Trial(trial.X, trial.helped, trial.stayed, trial.account, trial.chance)
    naive = trial.stayed[trial.helped == 1].mean() - trial.stayed[trial.helped == 0].mean()
    learnt = learn_kind("call", trial, seed=0)
    assert learnt.grade == "adjusted"
    assert learnt.judged is not None
    assert naive < truth.mean() - 0.05
    assert learnt.judged.average.low <= 100 * truth.mean() <= learnt.judged.average.high


def test_without_overlap_it_is_refused_with_what_would_settle_it(make_trial):
    trial = make_trial(3)[0]
    helped = (trial.X[:, 1] > 0).astype(np.int64)
    logged = Trial(trial.X, helped, trial.stayed, trial.account, np.full(len(helped), np.nan))
    learnt = learn_kind("call", logged, seed=0)
    assert "nobody to compare with" in learnt.refused
    assert "assign call by lot to half of the 3,000 accounts" in learnt.refused
    assert np.isnan(learnt.benefit(trial.X).points).all()


def test_scores_are_those_of_the_formula_by_hand():
    trial = Trial(
        np.zeros((4, 1), np.float32), np.array([1, 0, 1, 0]), np.array([1, 1, 0, 0]), np.arange(4), np.full(4, 0.5)
    )
    chances = Chances(np.full(4, 0.5), np.full(4, 0.6), np.full(4, 0.8))
    by_hand = [0.2 + (1 - 0.8) / 0.5, 0.2 - (1 - 0.6) / 0.5, 0.2 + (0 - 0.8) / 0.5, 0.2 - (0 - 0.6) / 0.5]
    np.testing.assert_allclose(robust_scores(trial, chances), by_hand)


def test_the_area_under_the_uplift_curve_is_that_of_the_curve_drawn_by_hand():
    scores, predicted = np.array([0.4, 0.1, -0.2, 0.3]), np.array([3.0, 1.0, 0.0, 2.0])
    honest, account = Honest(scores, predicted, np.zeros(4, dtype=np.int64)), np.arange(4)
    curve = np.concatenate([[0], np.cumsum(scores[np.argsort(-predicted)])]) / 4
    by_hand = np.trapezoid(curve, np.linspace(0, 1, 5))
    assert uplift_area(honest, account).points == pytest.approx(100 * by_hand)
    assert qini(honest, account).points == pytest.approx(100 * (by_hand - scores.mean() / 2))
    assert policy_value(honest, predicted > 1.5, account).points == pytest.approx(100 * 0.7 / 4)
