"""Late answers weigh less where they tell less, and alike where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.benchmarks.experience_late import AS_OF, late_world
from pipelines.experience.answered_cases import answered_cases
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.late_answers import late_answers


def test_how_fast_answers_age_is_found() -> None:
    half_life, weighted = late_answers(late_world(6.0, 1))
    assert half_life.verdict == "found"
    assert half_life.low <= 6.0 <= half_life.high
    assert "answers are left" in weighted.sentence


def test_a_late_answer_is_down_weighted_by_hand_as_by_it() -> None:
    data = late_world(6.0, 1)
    half_life, weighted = late_answers(data)
    rows = answered_cases(data)
    weights = 0.5 ** (rows["lag_days"] / half_life.value)
    assert weighted.value == pytest.approx(np.average(rows["value"], weights=weights))


def test_answers_that_do_not_age_weigh_alike() -> None:
    data = late_world(1e9, 1)
    half_life, weighted = late_answers(data)
    assert half_life.verdict == "cannot tell"
    assert weighted.value == pytest.approx(answered_cases(data)["value"].mean())


def test_few_answers_are_refused() -> None:
    assert {one.verdict for one in late_answers(late_world(6.0, 1, n_accounts=20))} == {"refused"}
    assert {one.verdict for one in late_answers(ExperienceData.empty(AS_OF))} == {"refused"}
