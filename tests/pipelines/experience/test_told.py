"""What the programme tells is kept and read as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.experience.found import Found
from pipelines.experience.told import PARTS, Programme, Told, or_refused

FIGURE = Found("survey metrics", "nps", 12.0, 4.0, 20.0, "points", n=120, n_accounts=60)
MAP = {"group_by": "all", "group": "all", "n_accounts": 3, "n_hidden": 0, "nodes": [], "links": []}


@pytest.fixture
def told() -> Programme:
    date = "2026-01-31"
    return Programme(
        Told(date, (FIGURE, Found.refused("roles", "weight", "too few")), why_not=""),
        Told(date, (replace(FIGURE, topic="value", value=np.inf),), why_not=""),
        Told(date, (), (MAP,), why_not=""),
    )


def test_files_hold_what_was_told(told: Programme, tmp_path: Path) -> None:
    told.save(tmp_path)
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(PARTS)
    read = Programme.load(tmp_path)
    assert read.experience.found[0] == FIGURE
    assert np.isnan(read.experience.found[1].value)
    assert read.experience.found[1].sentence == "too few"
    assert read.journeys == told.journeys


def test_metrics_are_of_everyone_and_finite(told: Programme) -> None:
    assert told.metrics() == {"experience.survey_metrics.nps": 12.0}


def test_a_question_that_fails_is_refused_and_the_reason_told() -> None:
    def fails() -> list[Found]:
        raise ValueError("no such column")

    (found,) = or_refused("silence", fails)
    assert (found.topic, found.verdict) == ("silence", "refused")
    assert found.sentence == "it could not be computed (ValueError: no such column)"


def test_a_programme_that_is_not_there_says_why_in_each_part() -> None:
    assert {part.sentence for _, part in Programme.untold("flat data").parts()} == {"flat data"}
