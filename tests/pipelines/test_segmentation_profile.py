"""Profiles: traits beside a plain computation, outcomes beside one by hand, and typical accounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.feature import Feature
from pipelines.segmentation import Segmentation, fit_segmentations
from pipelines.segmentation.fitting import prepared
from pipelines.segmentation.profile import Measure, Profile, profiles
from pipelines.segmentation.trait import NOTABLE, traits

FEATURES = (
    Feature("spent_90d", "behaviour", "behaviour", "money", "Amount bought, last 90 days"),
    Feature("seats", "firmographic", "context", "seats", "Seats"),
    Feature("plan", "firmographic", "context", "category", "Plan", "category"),
)
N = 400


def accounts() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    is_big = np.arange(N) >= 260
    return pd.DataFrame(
        {
            "account_id": [f"A-{number}" for number in range(N)],
            "spent_90d": np.exp(rng.normal(np.where(is_big, 7.0, 2.0), 0.5)),
            "seats": rng.normal(np.where(is_big, 12.0, 10.0), 2.0),
            "plan": np.where(rng.random(N) < np.where(is_big, 0.8, 0.3), "pro", "free"),
        }
    )


ROWS = accounts()


@pytest.fixture(scope="module")
def found() -> dict[str, Segmentation]:
    return fit_segmentations(ROWS, FEATURES, seed=0)


def _columns(rows: pd.DataFrame = ROWS) -> dict[str, pd.Series]:
    return {str(name): rows[name] for name in rows}


def _profiles(found: dict[str, Segmentation], *measures: Measure) -> dict[str, Profile]:
    looked_at = list(prepared(_columns(), FEATURES, seed=0).values())
    return {one.id: one for one in profiles(found["behavioural"], _columns(), FEATURES, looked_at, measures)}


def test_an_effect_is_the_standardised_difference_from_all(found: dict[str, Segmentation]) -> None:
    is_big = found["behavioural"].membership(_columns()).argmax(axis=1) == 1
    (seats,) = (one for one in _profiles(found)["behavioural-2"].traits if one.feature == "seats")
    # seats are neither skewed nor far out, so that they are compared as they are
    plain = ROWS["seats"].to_numpy()
    assert seats.effect == pytest.approx((plain[is_big].mean() - plain.mean()) / plain.std())
    assert (seats.own, seats.whole) == pytest.approx((np.median(plain[is_big]), np.median(plain)))
    assert seats.n == is_big.sum()


def test_a_category_is_told_by_the_share_of_each_level(found: dict[str, Segmentation]) -> None:
    is_big = found["behavioural"].membership(_columns()).argmax(axis=1) == 1
    told = {one.level: one for one in _profiles(found)["behavioural-2"].traits if one.feature == "plan"}
    assert told["pro"].own == pytest.approx((ROWS["plan"][is_big] == "pro").mean())
    assert told["pro"].whole == pytest.approx((ROWS["plan"] == "pro").mean())
    assert told["pro"].effect == pytest.approx(-told["free"].effect)
    assert told["pro"].unit == "share"


def test_traits_are_notable_and_come_with_the_most_striking_first(found: dict[str, Segmentation]) -> None:
    for profile in _profiles(found).values():
        sizes = [abs(one.effect) for one in profile.traits]
        assert sizes == sorted(sizes, reverse=True)
        assert min(sizes) >= NOTABLE
        assert profile.traits[0].feature == "spent_90d"


@pytest.mark.parametrize(("spread", "mean"), [(2.0, 1.0), (1.0, 1.0), (0.5, 1.0)])
def test_intervals_of_effects_cover_what_was_planted(spread: float, mean: float) -> None:
    segments, rng = np.repeat([0, 1], [150, 350]), np.random.default_rng(3)
    truth = 0.7 * mean / np.sqrt(0.3 * spread**2 + 0.7 + 0.21 * mean**2)
    covered = 0
    for _ in range(300):
        rows = {"seats": rng.normal(np.where(segments == 0, mean, 0.0), np.where(segments == 0, spread, 1.0))}
        preparation = prepared(rows, (FEATURES[1],), seed=0)["firmographic"]
        (told,) = traits(segments, 2, rows, preparation, FEATURES)[0]
        covered += told.low <= truth <= told.high
    assert covered / 300 == pytest.approx(0.95, abs=0.035)


def test_an_outcome_takes_accounts_not_rows_as_independent(found: dict[str, Segmentation]) -> None:
    twice = pd.concat([ROWS, ROWS], ignore_index=True)
    churned = np.tile(np.random.default_rng(1).random(N) < 0.2, 2).astype(float)
    number = np.tile(np.arange(N), 2)
    many = Measure("churned", "share", churned, number, _columns(twice), np.ones(2 * N))
    once = Measure("churned", "share", churned[:N], number[:N], _columns(), np.ones(N))
    of_many, of_once = (_profiles(found, measure)["behavioural-1"].outcomes[0] for measure in (many, once))
    assert of_many == of_once
    is_small = found["behavioural"].membership(_columns()).argmax(axis=1) == 0
    assert of_once.value == pytest.approx(churned[:N][is_small].mean())
    assert (of_once.n, of_once.whole) == (is_small.sum(), pytest.approx(churned[:N].mean()))
    assert of_once.low < of_once.value < of_once.high


def test_an_outcome_nobody_had_is_not_said_to_be_impossible(found: dict[str, Segmentation]) -> None:
    none = Measure("churned", "share", np.zeros(N), np.arange(N), _columns(), np.ones(N))
    outcome = _profiles(found, none)["behavioural-2"].outcomes[0]
    assert (outcome.value, outcome.low) == (0.0, 0.0)
    assert 0.01 < outcome.high < 0.05


def test_an_outcome_known_of_few_accounts_is_not_told(found: dict[str, Segmentation]) -> None:
    values = np.where(np.arange(N) < 9, 1.0, np.nan)
    few = Measure("Latest NPS answer", "score", values, np.arange(N), _columns(), np.ones(N))
    assert all(not profile.outcomes for profile in _profiles(found, few).values())


def test_typical_accounts_are_members_near_the_middle(found: dict[str, Segmentation]) -> None:
    logs = np.log1p(ROWS.set_index("account_id")["spent_90d"])
    for place, profile in enumerate(_profiles(found).values()):
        own = found["behavioural"].membership(_columns()).argmax(axis=1) == place
        assert len(profile.typical) == 3
        assert np.abs(logs[list(profile.typical)] - logs[own].mean()).max() < 0.1
