"""The retention curve against a world whose hazards are known, and against the definition by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from features.errors import ReleaseError
from features.labels import ChurnDefinition
from pipelines.churn.curve import RetentionCurve, anchored, at_days
from pipelines.churn.curve_training import fit_curve
from pipelines.churn.encoder import Encoder
from pipelines.churn.followed import Followed
from pipelines.churn.lifetimes import Lifetimes, known_until, lifetimes
from pipelines.churn.periods import at_risk_periods, followed_periods, sampled_periods

FEATURES = (Feature("use", "behaviour", "behaviour", "", "Use"), Feature("term", "relationship", "context", "", "Term"))
N, FOLLOWED = 4000, 360.0


def world(seed: int = 0) -> tuple[pd.DataFrame, Lifetimes, np.ndarray]:
    """Accounts whose monthly hazard falls with use and doubles after the third month for those of a short term."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"use": rng.normal(size=N), "term": rng.integers(0, 2, N).astype(float)})
    month = np.arange(12)
    hazard = (
        0.05 * np.exp(-0.7 * rows["use"].to_numpy()[:, None]) * (1 + (rows["term"].to_numpy()[:, None] * (month >= 3)))
    )
    hazard = np.clip(hazard, 0, 0.9)
    leaves = rng.random((N, 12)) < hazard
    left = leaves.any(axis=1)
    days = np.where(left, leaves.argmax(axis=1) * 30 + rng.uniform(0, 30, N), FOLLOWED)
    is_short = rng.random(N) < 0.2 + 0.6 * rows["term"]
    way = np.where(left, np.where(is_short, "not renewed", "cancelled"), "").astype(str)
    return rows, Lifetimes(days, np.full(N, FOLLOWED), left, way), np.cumprod(1 - hazard, axis=1)


def followed(rows: pd.DataFrame, lives: Lifetimes) -> Followed:
    encoder = Encoder.fit(rows, FEATURES)
    return Followed(encoder, encoder.transform(rows), lives, np.arange(N), np.ones(N))


@pytest.fixture(scope="module")
def fitted() -> tuple[RetentionCurve, pd.DataFrame, np.ndarray]:
    rows, lives, truth = world()
    curve = fit_curve(followed(rows, lives), leaves=8, horizon_days=90)
    assert curve is not None
    return curve, rows, truth


def test_the_curve_is_near_the_true_one(fitted: tuple[RetentionCurve, pd.DataFrame, np.ndarray]) -> None:
    curve, rows, truth = fitted
    stayed = np.cumprod(1 - curve.hazards(curve.encoder.transform(rows)), axis=1)
    assert curve.n_periods == 12
    assert np.abs(stayed - truth).mean() < 0.03
    assert np.abs(stayed.mean(axis=0) - truth.mean(axis=0)).max() < 0.01


def test_the_curve_falls_and_is_what_the_model_says_at_the_horizon(
    fitted: tuple[RetentionCurve, pd.DataFrame, np.ndarray],
) -> None:
    curve, rows, _ = fitted
    churn_prob = np.linspace(0.001, 0.99, len(rows))
    for horizon in (90, 45, 200):
        stayed = curve.stayed(rows, churn_prob, horizon)
        assert (np.diff(stayed, axis=1) < 0).all()
        assert ((stayed > 0) & (stayed < 1)).all()
        np.testing.assert_allclose(at_days(stayed, horizon), 1 - churn_prob, rtol=1e-9)
        ways = curve.way_probs(rows, stayed, horizon)
        np.testing.assert_allclose(sum(ways.values()), churn_prob, rtol=1e-9)


def test_ways_of_leaving_add_up_to_leaving_and_follow_what_is_known(
    fitted: tuple[RetentionCurve, pd.DataFrame, np.ndarray],
) -> None:
    curve, rows, _ = fitted
    churn_prob = np.full(len(rows), 0.2)
    ways = curve.way_probs(rows, curve.stayed(rows, churn_prob, 90), 90)
    np.testing.assert_allclose(sum(ways.values()), churn_prob, rtol=1e-9)
    share = ways["not renewed"] / churn_prob
    short = rows["term"].to_numpy() == 1
    assert share[short].mean() == pytest.approx(0.8, abs=0.1)
    assert share[~short].mean() == pytest.approx(0.2, abs=0.1)


def test_the_same_rows_and_seed_give_the_same_curve(fitted: tuple[RetentionCurve, pd.DataFrame, np.ndarray]) -> None:
    rows, lives, _ = world()
    again = fit_curve(followed(rows, lives), leaves=8, horizon_days=90)
    assert again is not None
    assert again.booster.model_to_string() == fitted[0].booster.model_to_string()


def test_a_saved_curve_comes_back_the_same(
    fitted: tuple[RetentionCurve, pd.DataFrame, np.ndarray], tmp_path: Path
) -> None:
    curve, rows, _ = fitted
    curve.save(tmp_path)
    back = RetentionCurve.load(tmp_path, curve.encoder)
    assert back is not None
    prob = np.full(len(rows), 0.1)
    np.testing.assert_array_equal(back.stayed(rows, prob, 90), curve.stayed(rows, prob, 90))
    (tmp_path / "curve.txt").write_text("tree")
    with pytest.raises(ReleaseError, match="retention curve that cannot be read"):
        RetentionCurve.load(tmp_path, curve.encoder)
    assert RetentionCurve.load(tmp_path / "nowhere", curve.encoder) is None


def test_with_few_departures_or_a_short_look_there_is_no_curve() -> None:
    rows, lives, _ = world()
    nobody = Lifetimes(np.full(N, FOLLOWED), lives.followed, np.zeros(N, dtype=bool), np.full(N, ""))
    assert fit_curve(followed(rows, nobody), leaves=4, horizon_days=90) is None
    assert fit_curve(followed(rows, lives), leaves=4, horizon_days=400) is None


def test_a_period_in_which_knowledge_ends_counts_for_nobody() -> None:
    days, followed = np.array([40.0, 45.0, 100.0, 10.0]), np.array([45.0, 45.0, 100.0, 100.0])
    left = np.array([True, False, False, True])
    lives = Lifetimes(days, followed, left, np.where(left, "cancelled", ""))
    # The first left in its second month, of which only a half was seen: so only its first month counts.
    assert at_risk_periods(lives, 24).tolist() == [1, 1, 3, 1]
    periods = sampled_periods(lives, np.ones(4), 24, seed=0)
    assert periods.left.tolist() == [False, False, False, False, False, True]


def test_sampled_rows_give_the_hazards_of_all() -> None:
    rng = np.random.default_rng(0)
    n = 60_000
    days = rng.exponential(300, n)
    left = days < 90
    lives = Lifetimes(np.minimum(days, 90), np.full(n, 90.0), left, np.where(left, "cancelled", ""))
    kept = left | (rng.random(n) < 0.2)
    rows = np.flatnonzero(kept)
    weights = np.where(left, 1.0, 5.0)[rows]
    periods = sampled_periods(lives.some(rows), weights, 3, seed=0)
    assert periods.left.sum() / (periods.left.sum() + (~periods.left).sum() / periods.kept_share) == pytest.approx(
        1 - np.exp(-30 / 300), abs=0.005
    )
    assert followed_periods(lives, np.arange(n)) == 3


def test_lifetimes_end_with_the_first_departure_that_is_known() -> None:
    at = pd.Timestamp("2025-01-01")
    rows = pd.DataFrame({"account_id": ["gone", "stays", "later", "back"], "as_of": at})
    departures = pd.DataFrame(
        {
            "account_id": ["gone", "later", "back", "back"],
            "left_at": pd.to_datetime(["2025-01-31", "2025-06-30", "2024-11-01", "2025-02-10"]),
            "way": ["cancelled", "cancelled", "not renewed", "went silent"],
        }
    )
    until = known_until(ChurnDefinition("subscription", grace_days=30), pd.Timestamp("2025-05-01"))
    lives = lifetimes(rows, departures, until)
    assert lives.days.tolist() == [30.0, 90.0, 90.0, 40.0]
    assert lives.left.tolist() == [True, False, False, True]
    assert lives.way.tolist() == ["cancelled", "", "", "went silent"]
    assert lives.followed.tolist() == [90.0] * 4


def test_hazards_beyond_the_horizon_are_as_they_were_learnt() -> None:
    hazards = np.full((1, 6), 0.1)
    stayed = anchored(hazards, np.array([0.6]), 90)
    np.testing.assert_allclose(stayed[0, 3:] / stayed[0, 2:-1], 0.9)
    np.testing.assert_allclose(stayed[0, :3], 0.4 ** (np.arange(1, 4) / 3))
