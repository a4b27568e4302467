"""What a release found of its drivers, as it goes out."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from features.catalog import Feature
from pipelines.drivers.driver import Driver, Levels
from pipelines.drivers.finding import Figure, Finding, findings_table
from pipelines.drivers.plain import nested
from pipelines.release import Release
from serving.drivers import DriverAnswers
from serving.errors import Refusal

FEATURE = Feature("escalations_90d", "experience", "operations", "count", "Escalations, last 90 days", direction=1)
NO_ROWS = np.zeros(0, dtype=bool)
FINDING = Finding(
    Driver("escalation", FEATURE),
    Levels(NO_ROWS, NO_ROWS, 1.0, 0.0, "at least one against none"),
    "cause",
    "An escalation costs 4 points.",
    0.01,
    (
        Figure("effect", 4.0, 1.0, 7.0, n_rows=300, n_bad=100, n_accounts=90, p_value=0.002),
        Figure("hidden cause", math.inf, basis="check"),
        Figure("effect", 6.0, 2.0, 10.0, group_by="firmographic", group="small"),
        Figure.untold("effect", "too few", "firmographic", "large"),
        Figure("effect", 2.0, group_by="engagement", group="engaged"),
        Figure("moment of truth", 3.0, group_by="touchpoint", group="support"),
    ),
)
SECOND = replace(FINDING, verdict="none found", q_value=math.nan, figures=FINDING.figures[:1])
PAIN = Figure("pain point", 30.0, basis="counted", group_by="touchpoint", group="billing")


@pytest.fixture(scope="module")
def manifest(releases: dict[str, Release]) -> Any:
    return releases["2026-01-31-a"].manifest


@pytest.fixture(scope="module")
def answers(manifest: Any, tmp_path_factory: pytest.TempPathFactory) -> DriverAnswers:
    """The answers of findings that were written and read again, as releases are."""
    second = replace(SECOND, driver=replace(SECOND.driver, name="reopened"))
    path = tmp_path_factory.mktemp("findings") / "drivers.parquet"
    findings_table([FINDING, second], [PAIN]).to_parquet(path, index=False)
    return DriverAnswers(manifest, pd.read_parquet(path))


def _said(answers: DriverAnswers, segment: str | None = None) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(answers.of(segment), parse_constant=refuse)


def _told(driver: Any) -> list[tuple[str, str]]:
    return [(figure["figure"], figure["group"]) for figure in driver["figures"]]


def test_without_a_segment_the_figures_are_of_everyone_and_of_touchpoints(answers: DriverAnswers) -> None:
    said = _said(answers)
    assert (said["release"], said["as_of"], said["horizon_days"]) == ("2026-01-31-a", "2026-01-31", 90)
    assert said["segment"] is None
    assert [driver["driver"] for driver in said["drivers"]] == ["escalation", "reopened"]
    assert _told(said["drivers"][0]) == [("effect", "all"), ("hidden cause", "all"), ("moment of truth", "support")]
    assert [(other["figure"], other["group"]) for other in said["others"]] == [("pain point", "billing")]


def test_a_driver_is_told_with_its_words_and_its_figures_with_their_numbers(answers: DriverAnswers) -> None:
    driver = _said(answers)["drivers"][0]
    figures = driver.pop("figures")
    assert driver.pop("what_if") == []
    assert driver == {
        "driver": "escalation",
        "experience": "Escalations, last 90 days",
        "contrast": "at least one against none",
        "tier": "operations",
        "family": "experience",
        "is_controllable": True,
        "verdict": "cause",
        "verdict_sentence": "An escalation costs 4 points.",
        "q_value": 0.01,
    }
    assert figures[0] == {
        "figure": "effect",
        "value": 4.0,
        "low": 1.0,
        "high": 7.0,
        "unit": "percentage points of churn",
        "basis": "caused",
        "group_by": "all",
        "group": "all",
        "n_rows": 300,
        "n_bad": 100,
        "n_accounts": 90,
        "p_value": 0.002,
        "sentence": "",
    }


def test_what_is_not_known_or_infinite_is_null(answers: DriverAnswers) -> None:
    escalation, reopened = _said(answers)["drivers"]
    assert reopened["q_value"] is None
    assert escalation["figures"][1]["value"] is escalation["figures"][1]["low"] is None


def test_a_segment_has_its_figures_and_every_driver(answers: DriverAnswers) -> None:
    said = _said(answers, "small")
    assert said["segment"] == "small"
    assert [_told(driver) for driver in said["drivers"]] == [[("effect", "small")], []]
    assert said["drivers"][0]["figures"][0]["value"] == 6.0
    assert said["others"] == []


def test_where_the_effect_in_a_segment_cannot_be_told_it_says_why(answers: DriverAnswers) -> None:
    (figure,) = _said(answers, "large")["drivers"][0]["figures"]
    assert (figure["value"], figure["sentence"]) == (None, "too few")


@pytest.mark.parametrize("group", ["engaged", "support", "billing", "all"])
def test_every_group_that_a_figure_has_can_be_asked_for(answers: DriverAnswers, group: str) -> None:
    said = _said(answers, group)
    told = [figure for driver in said["drivers"] for figure in driver["figures"]] + said["others"]
    assert {figure["group"] for figure in told} == {group}


def test_a_segment_that_is_not_there_is_refused_with_near_ones(answers: DriverAnswers) -> None:
    with pytest.raises(Refusal, match=r"got segment 'smal', .* expected one such as 'small'; leave segment") as near:
        answers.of("smal")
    assert (near.value.status, near.value.error.code) == (404, "unknown_segment")
    with pytest.raises(Refusal, match="expected one such as 'engaged', 'large', 'small'; leave"):
        answers.of("zzz")


@pytest.mark.parametrize("table", [pd.DataFrame(), findings_table([])])
def test_without_findings_the_answer_is_empty_and_no_segment_is_there(manifest: Any, table: pd.DataFrame) -> None:
    answers = DriverAnswers(manifest, table)
    assert _said(answers)["drivers"] == _said(answers)["others"] == []
    with pytest.raises(Refusal, match="expected none, as this release tells no effect by segment"):
        answers.of("small")


def test_why_nothing_could_be_found_is_told_beside_no_driver(manifest: Any) -> None:
    said = _said(DriverAnswers(manifest, findings_table([], [Figure.untold("effect", "no dates")])))
    assert (said["drivers"], said["others"][0]["sentence"]) == ([], "no dates")


def test_findings_of_another_form_are_noticed_when_they_are_loaded(manifest: Any) -> None:
    with pytest.raises(ValidationError, match="verdict_sentence"):
        DriverAnswers(manifest, findings_table([FINDING]).drop(columns="verdict_sentence"))


def test_a_release_says_from_where_on_an_experience_is_bad() -> None:
    escalation, pain = nested(findings_table([FINDING], [PAIN]))
    said = [escalation[name] for name in ("feature", "feature_unit", "bad", "good")]
    assert said == ["escalations_90d", "count", 1.0, 0.0]
    assert pain["bad"] is None


def test_an_answer_is_made_once(answers: DriverAnswers) -> None:
    assert answers.of("small") is answers.of("small")
    assert answers.of() is answers.of()


def test_plain_findings_hold_every_row_of_their_table_once() -> None:
    table = findings_table([FINDING], [PAIN])
    assert [len(one["figures"]) for one in nested(table)] == table.groupby("driver", sort=False).size().tolist()
