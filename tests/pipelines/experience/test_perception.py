"""What is thought inside is held against what accounts say, and a promise against how it felt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_perception import AS_OF, promise_world, rated_world
from experiments.benchmarks.experience_roles import role_world
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.perception import blind_spots, pairs, perception_gap
from pipelines.experience.promises import kept_cases, promises


def by_figure(found):
    return {one.figure: one for one in found}


def test_a_bias_of_two_points_is_found() -> None:
    gap = perception_gap(rated_world(2.0, 1))[0]
    assert gap.verdict == "found"
    assert gap.low <= 20 <= gap.high
    assert "ratings are taken to be from 0 to 10" in gap.sentence


def test_equal_raters_have_no_gap() -> None:
    found = by_figure(perception_gap(rated_world(0.0, 1)))
    assert found["gap"].verdict == "none found"
    assert found["gap"].low <= 0 <= found["gap"].high
    assert found["rank correlation"].low > 0.3


def test_the_kind_rater_is_told_from_the_others() -> None:
    told = {one.group: one for one in perception_gap(rated_world(0.0, 1, kind=1.5)) if one.group_by == "rater"}
    assert [name for name, one in told.items() if one.verdict == "found" and one.value > 0] == ["kind"]


def test_a_handful_of_ratings_is_refused() -> None:
    (refused,) = perception_gap(rated_world(2.0, 1, n_accounts=4))
    assert refused.verdict == "refused"
    assert perception_gap(ExperienceData.empty(AS_OF))[0].verdict == "refused"


def test_a_rating_is_paired_with_answers_of_its_quarter_only() -> None:
    data = rated_world(0.0, 1, n_accounts=10)
    paired = pairs(data, (0.0, 10.0))
    assert len(paired) == len(data.internal_ratings)
    later = data.responses.assign(answered_at=data.responses["answered_at"] + pd.Timedelta(days=400))
    assert pairs(replace(data, responses=later), (0.0, 10.0)).empty


def test_blind_spots_are_low_outside_and_high_inside() -> None:
    data = rated_world(0.0, 1)
    spots = blind_spots(data, AS_OF)
    assert (spots.loc[spots["is_blind"], "outside"] < -0.5).all()
    assert (spots.loc[spots["is_blind"], "inside"] >= 0).all()
    assert spots["is_blind"].sum() < spots["is_low"].sum()


def test_blind_spots_foretell_leaving_where_that_is_planted() -> None:
    world = role_world(0.0, 4)
    rng = np.random.default_rng(4)
    names = world.accounts["account_id"].to_numpy()
    # Who is rated well without a reason leaves no more or less than others that are as badly off.
    ratings = pd.DataFrame({"account_id": np.repeat(names, 16)})
    starts = AS_OF - pd.to_timedelta(90 * np.tile(np.arange(16), len(names)), unit="D")
    ratings = ratings.assign(rated_at=starts, score=np.repeat(rng.integers(1, 10, len(names)), 16), rater="x")
    ratings = ratings.assign(touchpoint="account_management")
    found = by_figure(perception_gap(replace(world, internal_ratings=ratings)))
    told = found["odds of leaving, blind spots beside those known to be low"]
    assert told.verdict != "found"
    assert told.low <= 1 <= told.high


def test_a_promise_kept_and_not_noticed_shows_as_a_gap() -> None:
    found = by_figure(promises(promise_world(0.6, 1)))
    assert found["kept"].low <= 90 <= found["kept"].high
    assert found["delivered less felt"].verdict == "found"
    assert found["kept and not noticed"].low <= 40 <= found["kept and not noticed"].high
    parts = found["promised less delivered"].value + found["delivered less felt"].value
    assert found["promised less felt"].value == pytest.approx(parts)


def test_a_promise_that_feels_as_it_is_kept_has_no_gap() -> None:
    found = by_figure(promises(promise_world(1.0, 1)))
    assert found["delivered less felt"].value == 0
    assert found["delivered less felt"].verdict == "none found"


def test_kept_is_what_a_hand_count_has() -> None:
    data = promise_world(1.0, 2, n_accounts=10)
    rows = kept_cases(data, "support", "first_response_hours", 8.0)
    hours = (data.cases["first_response_at"] - data.cases["opened_at"]).dt.total_seconds() / 3600
    assert rows["kept"].sum() == (hours <= 8).sum()


def test_what_cannot_be_told_of_a_promise_is_said() -> None:
    data = promise_world(1.0, 1)
    (refused,) = promises(ExperienceData.empty(AS_OF))
    assert "no promise is declared" in refused.sentence
    (refused,) = promises(replace(data, touchpoints=data.touchpoints.assign(promise_metric="smiles")))
    assert refused.sentence.startswith("promise_metric 'smiles'; first_response_hours or resolution_hours")
    found = by_figure(promises(replace(data, responses=data.responses.head(3))))
    assert found["felt kept"].verdict == "refused"
    assert found["kept"].verdict == "told"
