"""Accounts that never answered: predicted where that is measured to work, unknown where it is not, shares corrected."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from features.feature import Feature
from pipelines.segmentation import Segmentation, fit_segmentations
from pipelines.segmentation.nonresponse import effective_n, propensities, shares
from pipelines.segmentation.unanswered import look_at_unanswered
from pipelines.segments import memberships

ITEMS = tuple(f"need_{item}" for item in ("price", "service", "quality", "speed", "advice", "design"))
FEATURES = (
    Feature("seats", "firmographic", "context", "seats", "Seats"),
    Feature("plan", "firmographic", "context", "category", "Plan", "category"),
    Feature("usage_90d", "behaviour", "behaviour", "count", "Use, last 90 days"),
    *(Feature(item, "experience", "context", "score", item) for item in ITEMS),
)
N = 1500


def company(strength: float, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Two segments by need, the second with more seats and more often on one plan, and the large ones answer more."""
    rng = np.random.default_rng(seed)
    need = rng.integers(2, size=N)
    seats = rng.normal(10 + 2 * strength * need, 2)
    profiles = np.array([[5, 5, 4, 1, 1, 2], [1, 1, 2, 5, 5, 4]])[need]
    answers = np.clip(np.round(profiles + rng.normal(0, 0.8, (N, 6))), 1, 5)
    answered = rng.random(N) < 1 / (1 + np.exp(-(seats - 11) / 1.5))
    rows = pd.DataFrame(np.where(answered[:, None], answers, np.nan), columns=list(ITEMS))
    plan = np.where(rng.random(N) < 0.5 + 0.3 * strength * (need - 0.5), "pro", "free")
    rows = rows.assign(account_id=[f"A-{i}" for i in range(N)], seats=seats, plan=plan, usage_90d=rng.poisson(9, N))
    return rows, need


def _columns(rows: pd.DataFrame) -> dict[str, pd.Series]:
    return {str(name): rows[name] for name in rows}


def needs_of(rows: pd.DataFrame) -> Segmentation:
    return fit_segmentations(rows, FEATURES, seed=0)["needs"]


@pytest.fixture(scope="module")
def told():
    rows, need = company(strength=1.0)
    needs = needs_of(rows)
    found, inference = look_at_unanswered(needs, _columns(rows), FEATURES, least_auc=0.6, seed=0)
    assert found is not None
    return rows, need, replace(needs, inference=inference), found


def test_needs_of_the_silent_are_predicted_where_that_works(told) -> None:
    rows, need, needs, found = told
    silent = rows["need_price"].isna().to_numpy()
    placement = needs.placement(_columns(rows))
    assert placement.is_inferred.tolist() == silent.tolist()
    assert placement.membership.sum(axis=1) == pytest.approx(1)
    first = (needs.membership(_columns(rows))[~silent].argmax(axis=1) == need[~silent]).mean() > 0.5
    truth = need[silent] if first else 1 - need[silent]
    prob = placement.membership[silent]
    assert found.auc.low < roc_auc_score(truth, prob[:, 1]) < found.auc.high
    assert log_loss(truth, prob) == pytest.approx(found.log_loss.value, abs=0.05)
    assert found.log_loss.high < found.log_loss_of_shares
    assert found.why.startswith("predicted from what else is known: AUC ")
    # as sure as it says
    for share in (0.25, 0.5, 0.75):
        near = np.abs(prob[:, 1] - share) < 0.1
        assert truth[near].mean() == pytest.approx(prob[near, 1].mean(), abs=0.12)


def test_needs_of_the_silent_stay_unknown_where_nothing_tells_them() -> None:
    rows, _ = company(strength=0.0)
    found, inference = look_at_unanswered(needs_of(rows), _columns(rows), FEATURES, least_auc=0.6, seed=0)
    assert inference is None
    assert found is not None
    assert found.why.startswith("unknown: no prediction is good enough (AUC 0.6): AUC ")
    assert abs(found.auc.value - 0.5) < 0.08


def test_a_person_may_ask_for_more_than_there_is(told) -> None:
    rows, _, needs, found = told
    _, inference = look_at_unanswered(needs, _columns(rows), FEATURES, least_auc=found.auc.value + 0.01, seed=0)
    assert inference is None


def test_shares_are_corrected_for_who_answers(told) -> None:
    _, need, needs, found = told
    of_all, of_those = need.mean(), found.shares
    second = max(range(2), key=lambda place: of_those[place].answered)
    assert of_those[second].answered > of_all + 0.05
    assert of_those[second].low < of_all < of_those[second].high
    assert of_those[second].at_least < of_all < of_those[second].at_most
    assert sum(share.corrected for share in of_those) == pytest.approx(1)
    assert found.effective_n < found.n_answered < found.n_accounts
    assert len(of_those) == len(needs.segments)


def test_corrected_intervals_cover_the_truth_and_bounds_hold_whatever_decides() -> None:
    covered, held, rng = 0, 0, np.random.default_rng(3)
    for _ in range(200):
        size = rng.normal(size=800)
        segment = (rng.random(800) < 1 / (1 + np.exp(-size))).astype(int)
        answered = rng.random(800) < 1 / (1 + np.exp(-size))
        propensity = propensities(size[:, None], answered)[answered]
        covered += (
            shares(segment[answered], propensity, 2, 800)[1].low
            <= 0.5
            <= shares(segment[answered], propensity, 2, 800)[1].high
        )
        # here the need itself decides on answering, which nobody can see
        hidden = rng.random(800) < np.where(segment == 1, 0.8, 0.3)
        found = shares(segment[hidden], propensities(size[:, None], hidden)[hidden], 2, 800)[1]
        held += found.at_least <= segment.mean() <= found.at_most
    assert covered / 200 >= 0.93
    assert held == 200


def test_those_that_answered_may_be_worth_too_few() -> None:
    rows, _ = company(strength=1.0)
    rows.loc[rows.index >= 60, list(ITEMS)] = np.nan
    needs = needs_of(company(strength=1.0)[0])
    found, inference = look_at_unanswered(needs, _columns(rows), FEATURES, least_auc=0.6, seed=0)
    assert inference is None
    assert found is not None
    assert found.why.startswith("unknown: ")


def test_nothing_is_said_where_all_answered_or_nobody_did() -> None:
    rows, _ = company(strength=1.0)
    known = rows[rows["need_price"].notna()]
    assert look_at_unanswered(needs_of(known), _columns(known), FEATURES, least_auc=0.6, seed=0) == (None, None)
    empty = rows.assign(**dict.fromkeys(ITEMS, np.nan))
    assert look_at_unanswered(needs_of(empty), _columns(empty), FEATURES, least_auc=0.6, seed=0) == (None, None)


def test_without_anything_else_known_they_stay_unknown(told) -> None:
    rows, _, needs, _ = told
    found, inference = look_at_unanswered(needs, _columns(rows), FEATURES[3:], least_auc=0.6, seed=0)
    assert inference is None
    assert found.why == "unknown: nothing else is known of accounts"


def test_the_inference_survives_the_release_and_needs_no_learning_library(told) -> None:
    needs = told[2]
    program = (
        "import json, sys; from pipelines.segmentation import Segmentation;"
        "print(Segmentation.from_json(json.load(sys.stdin)).placement({'seats': [14.0]}).membership.tolist());"
        "assert not {'sklearn', 'scipy', 'numba'} & set(sys.modules), 'a learning library was imported'"
    )
    saved = json.dumps(needs.to_json())
    answer = subprocess.run([sys.executable, "-c", program], input=saved, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == needs.placement({"seats": [14.0]}).membership.tolist()
    assert Segmentation.from_json(json.loads(saved)).to_json() == needs.to_json()


def test_memberships_say_which_places_are_inferred(told) -> None:
    rows, _, needs, _ = told
    places = memberships({"needs": needs}, rows)
    assert places["is_inferred"].tolist() == rows["need_price"].isna().tolist()
    assert places["segment"].notna().all()


def test_effective_accounts_are_fewer_the_more_unequal_they_count() -> None:
    assert effective_n(np.ones(10)) == pytest.approx(10)
    assert effective_n(np.array([9.0] + [0.1] * 9)) < 1.5
