"""An alarm is rare where nothing changed, and comes soon where something did."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.benchmarks.experience_surveys import AS_OF, chart_world, survey_data
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.normal_band import FALSE_ALARMS, WATCHED, alarms, normal_bands


@pytest.mark.parametrize("n_before", [12, 24])
def test_unchanged_charts_alarm_as_rarely_as_is_said(n_before: int) -> None:
    rng = np.random.default_rng(99)
    months = np.arange(n_before + WATCHED)
    out = 0
    for _ in range(600):
        single, moving, limit = alarms(rng.normal(3.0, 1.7, len(months)), months)
        out += bool(max(np.abs(single).max(), np.abs(moving).max()) > limit)
    assert out / 600 == pytest.approx(FALSE_ALARMS, abs=0.015)


def test_a_shift_of_one_spread_of_answers_is_found_within_three_months() -> None:
    first = []
    for seed in range(6):
        found = {one.figure: one for one in normal_bands(survey_data(chart_world(1.0, seed)))}
        assert found["nps alarm"].verdict == "found"
        assert "worse" in found["nps alarm"].sentence
        first.append(found["nps alarm"].sentence.split("since ")[1][:7])
    assert all("2025-07" <= month <= "2025-09" for month in first)


def test_a_yearly_wave_is_normal() -> None:
    verdicts = [
        one.verdict
        for seed in range(6)
        for one in normal_bands(survey_data(chart_world(0.0, seed)))
        if one.figure == "nps alarm"
    ]
    assert verdicts.count("found") <= 1


def test_a_year_of_months_is_not_enough() -> None:
    (found,) = normal_bands(survey_data(chart_world(0.0, 1, months=20)))
    assert found.verdict == "refused"
    assert "24 are needed" in found.sentence


def test_without_answers_there_is_no_band() -> None:
    (found,) = normal_bands(ExperienceData.empty(AS_OF))
    assert found.verdict == "refused"
