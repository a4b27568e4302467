"""Levels that are asked about beforehand: each is what `what_if` says of it, of everyone and of each segment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipelines.causes import Causes, DriverData, what_if_table
from pipelines.config import Settings
from pipelines.drivers.driver import Driver
from pipelines.drivers.moments import NOWHERE
from pipelines.drivers.rows import DriverRows
from pipelines.drivers.whatif import what_if
from pipelines.drivers.whatif_levels import AtLevel, levels_table, levels_to_ask, what_if_levels


@pytest.fixture(scope="module")
def labels(rows: DriverRows) -> dict[str, np.ndarray]:
    size = np.where(rows.before["employees"] < np.exp(4), "small", "large").astype(object)
    size[:40] = "tiny"
    return {"size": size}


@pytest.fixture(scope="module")
def unhappy(rows: DriverRows) -> Driver:
    return Driver("unhappy", replace(rows.features[2]), bad=3, good=4)


@pytest.fixture(scope="module")
def found(rows: DriverRows, outage: Driver, unhappy: Driver, labels: dict[str, np.ndarray]) -> tuple[AtLevel, ...]:
    return what_if_levels(rows, (outage, unhappy), (outage, unhappy), labels, seed=0)


def test_what_is_there_or_not_has_one_level_and_anything_else_a_few_the_nearest_to_bad_first(
    rows: DriverRows, outage: Driver, unhappy: Driver
) -> None:
    assert levels_to_ask(outage, rows.now[outage.feature.name].to_numpy(dtype=float)) == (0.0,)
    assert levels_to_ask(unhappy, rows.now[unhappy.feature.name].to_numpy(dtype=float)) == (4.0, 5.0, 6.0)
    assert levels_to_ask(unhappy, np.array([np.nan, 1.0])) == ()
    wait = replace(unhappy, feature=replace(unhappy.feature, direction=1), bad=24.0, good=8.0)
    asked = levels_to_ask(wait, np.linspace(0.1, 72, 500))
    assert len(asked) == 6
    assert list(asked) == sorted(asked, reverse=True)
    assert asked[0] < 24
    assert 8.0 in asked


def test_each_level_is_what_would_be_answered_if_it_were_asked_for_alone(
    rows: DriverRows, outage: Driver, unhappy: Driver, labels: dict[str, np.ndarray], found: tuple[AtLevel, ...]
) -> None:
    for one in found[:2]:
        driver = outage if one.driver == "outage" else unhappy
        for group in (None, "small"):
            alone = what_if(rows, (outage, unhappy), driver, one.to, labels=labels, segment=group, seed=0)
            own = [figure for figure in one.figures if figure.group == (group or "all")]
            assert [(each.figure, each.value, each.low, each.high, each.n_bad, each.sentence) for each in own] == [
                (each.figure, each.value, each.low, each.high, each.n_bad, each.sentence) for each in alone.figures
            ]
            assert one.contrast == alone.contrast


def test_a_segment_of_which_nothing_can_be_told_says_why(found: tuple[AtLevel, ...]) -> None:
    (tiny,) = (figure for figure in found[0].figures if figure.group == "tiny")
    assert np.isnan(tiny.value)
    assert "of segment tiny" in tiny.sentence


def test_what_is_kept_is_a_line_a_figure(found: tuple[AtLevel, ...]) -> None:
    table = levels_table(found)
    assert len(table) == sum(len(one.figures) for one in found)
    assert table["driver"].unique().tolist() == ["outage", "unhappy"]
    assert {"to", "contrast", "group_by", "group", "figure", "value", "low", "high", "unit", "sentence"} <= set(table)


def test_without_a_cause_nothing_is_asked(rows: DriverRows, outage: Driver) -> None:
    data = DriverData(rows, (outage,), NOWHERE)
    for given in (data, replace(data, rows=None)):
        table = what_if_table(given, Settings.model_construct(), {}, Causes())
        assert table.empty
        assert list(table) == list(levels_table(()))
