"""What a release tells of experience, value and journeys, and of itself, as it goes out."""

import json
from typing import Any

import pytest

from pipelines.experience.told import Told
from pipelines.release import Release
from serving.errors import Refusal
from serving.predictor import Predictor
from serving.programme import JourneyAnswers, ToldAnswers


@pytest.fixture(scope="module")
def release(releases: dict[str, Release]) -> Release:
    return releases["2026-01-31-a"]


@pytest.fixture(scope="module")
def answers(release: Release) -> ToldAnswers:
    return ToldAnswers("2026-01-31-a", release.programme.experience)


@pytest.fixture(scope="module")
def journeys(release: Release) -> JourneyAnswers:
    return JourneyAnswers("2026-01-31-a", release.programme.journeys)


def _said(body: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(body, parse_constant=refuse)


def test_every_figure_is_told_with_the_release_and_its_date(answers: ToldAnswers, release: Release) -> None:
    said = _said(answers.of())
    assert (said["release"], said["as_of"], said["why_not"]) == ("2026-01-31-a", "2026-01-31", "")
    assert said["found"] == [one.as_dict() for one in release.programme.experience.found]


def test_a_refused_figure_has_no_number_and_says_why(answers: ToldAnswers) -> None:
    (refused,) = _said(answers.of(topic="roles"))["found"]
    assert (refused["value"], refused["low"], refused["verdict"]) == (None, None, "refused")
    assert "10 are needed" in refused["sentence"]


@pytest.mark.parametrize(
    ("asked", "n"),
    [
        ({"topic": "survey metrics"}, 2),
        ({"group_by": "all"}, 2),
        ({"group": "Größe klein"}, 1),
        ({"topic": "survey metrics", "group_by": "touchpoint", "group": "Größe klein"}, 1),
    ],
)
def test_figures_are_narrowed_by_each_of_what_is_asked(answers: ToldAnswers, asked: dict[str, str], n: int) -> None:
    found = _said(answers.of(**asked))["found"]
    assert len(found) == n
    assert all(one[name] == value for one in found for name, value in asked.items())


@pytest.mark.parametrize(
    ("asked", "code", "match"),
    [
        ({"topic": "survey metric"}, "unknown_topic", "got topic .*; expected one such as 'survey metrics'; leave"),
        ({"group_by": "shoe size"}, "unknown_group_by", "expected one such as 'all', 'touchpoint', 'survey type"),
        ({"group": "nobody"}, "unknown_group", "of which there is no figure"),
        ({"topic": "roles", "group_by": "touchpoint"}, "unknown_group_by", "expected one such as 'all'; leave"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(
    answers: ToldAnswers, asked: dict[str, str], code: str, match: str
) -> None:
    with pytest.raises(Refusal, match=match) as refused:
        answers.of(**asked)
    assert (refused.value.status, refused.value.error.code) == (404, code)


def test_journeys_come_with_every_map_or_that_of_a_segment(journeys: JourneyAnswers, release: Release) -> None:
    said = _said(journeys.with_maps())
    assert said["maps"] == list(release.programme.journeys.maps)
    assert said["found"][0]["topic"] == "ownership"
    (of_segment,) = _said(journeys.with_maps(segment="Größe klein"))["maps"]
    assert (of_segment["group_by"], of_segment["n_accounts"]) == ("firmographic", 20)


def test_a_segment_without_a_map_is_refused_with_those_that_have_one(journeys: JourneyAnswers) -> None:
    with pytest.raises(Refusal, match="got segment 'klein', of which there is no map; expected one such as") as refused:
        journeys.with_maps(segment="klein")
    assert refused.value.error.code == "unknown_segment"


def test_without_a_programme_the_answer_is_empty_and_says_why() -> None:
    answers = ToldAnswers("v", Told(why_not="flat data"))
    assert _said(answers.of()) == {"release": "v", "as_of": None, "why_not": "flat data", "found": []}
    with pytest.raises(Refusal, match="expected none, as there is no figure"):
        answers.of(topic="nps")


def test_a_release_says_what_it_is_but_not_the_checksums_of_its_files(release: Release) -> None:
    said = _said(Predictor(release).facts)
    whole = json.loads(release.manifest.model_dump_json())
    assert "files" not in said
    assert said == {name: value for name, value in whole.items() if name != "files"}
    assert said["gate"]["passed"] is True
