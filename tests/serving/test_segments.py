"""What a release says of its segments, as it goes out."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pipelines.release import Release
from pipelines.segmentation.portrait import Portrait
from pipelines.segmentation.profile import Outcome, Profile
from pipelines.segmentation.trait import Trait
from serving.errors import Refusal
from serving.segments import SegmentAnswers

TRAIT = Trait("seats", "Seats", "seats", None, 40.0, 12.0, 1.2, 1.0, 1.4, 90)
OUTCOME = Outcome("churned within 90 days", "share", 0.2, 0.15, 0.26, 0.1, 90)


@pytest.fixture(scope="module")
def release(releases: dict[str, Release]) -> Release:
    made = releases["2026-01-31-a"]
    first = made.segmentations["behavioural"].segments[0]
    return replace(made, portraits={"behavioural": Portrait((Profile(first.id, (TRAIT,), (OUTCOME,), ("A-1",)),))})


def _said(answers: SegmentAnswers, segmentation: str | None = None) -> Any:
    return json.loads(answers.of(segmentation))


def test_all_segmentations_are_told_with_the_release_they_come_from(release: Release) -> None:
    said = _said(SegmentAnswers(release))
    assert (said["release"], said["as_of"]) == ("2026-01-31-a", "2026-01-31")
    assert [one["name"] for one in said["segmentations"]] == ["firmographic", "behavioural", "needs"]
    for told, segmentation in zip(said["segmentations"], release.segmentations.values(), strict=True):
        assert [one["id"] for one in told["segments"]] == [one.id for one in segmentation.segments]


def test_a_segment_comes_with_its_profile(release: Release) -> None:
    (told,) = _said(SegmentAnswers(release), "behavioural")["segmentations"]
    first, *others = told["segments"]
    assert first["traits"] == [vars(TRAIT)]
    assert first["outcomes"] == [vars(OUTCOME)]
    assert first["typical"] == ["A-1"]
    assert all(one["traits"] == [] for one in others)


def test_an_unknown_segmentation_is_refused_with_those_there_are(release: Release) -> None:
    with pytest.raises(Refusal, match="got segmentation 'moods'; expected one of firmographic, behavioural, needs"):
        SegmentAnswers(release).of("moods")
