"""The verb of segments: what there is to tell of each, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pipelines.release import Release
from pipelines.segmentation import Segment, Segmentation
from pipelines.segmentation.portrait import Portrait
from pipelines.segmentation.profile import Outcome, Profile
from pipelines.segmentation.segmentation import Evidence
from pipelines.segmentation.trait import Trait
from pipelines.segmentation.unanswered import Unanswered

MOST_TRAITS = 5


def as_json(release: Release) -> str:
    """Return the segments of a release and what is told of them as JSON."""
    return json.dumps(told(release), allow_nan=False)


def told(release: Release, only: str | None = None) -> dict[str, Any]:
    """Return the segments of a release, or of one of its segmentations, and what is told of them as plain objects."""
    names = [name for name in release.segmentations if only in (None, name)]
    return {
        "release": release.manifest.version,
        "as_of": release.manifest.as_of,
        "segmentations": [
            _told(release.segmentations[name], release.portraits.get(name, Portrait())) for name in names
        ],
        "comparisons": [asdict(one) for one in release.comparisons],
    }


def _told(segmentation: Segmentation, portrait: Portrait) -> dict[str, Any]:
    profiles = {profile.id: profile for profile in portrait.profiles}
    return {
        "name": segmentation.name,
        "why": segmentation.why,
        "segments": [
            {**asdict(segment), "is_natural": segment.is_natural, **_of_profile(profiles.get(segment.id))}
            for segment in segmentation.segments
        ],
        "evidence": [asdict(tried) for tried in segmentation.evidence],
        **{name: part for name, part in asdict(portrait).items() if name != "profiles"},
    }


def _of_profile(profile: Profile | None) -> dict[str, Any]:
    said = asdict(profile) if profile else {"traits": [], "outcomes": [], "typical": []}
    return {name: part for name, part in said.items() if name != "id"}


def in_words(release: Release) -> Iterator[str]:
    """Yield lines on each segmentation: why so many segments, each of them, who moved, and the numbers weighed."""
    for name, segmentation in release.segmentations.items():
        yield from _of_segmentation(segmentation, release.portraits.get(name, Portrait()))
    for one in release.comparisons:
        yield f"{one.outcome} ({one.n:,} accounts, held out): {one.sentence}"


def _of_segmentation(segmentation: Segmentation, portrait: Portrait) -> Iterator[str]:
    yield f"{segmentation.name}: {segmentation.why}"
    profiles = {profile.id: profile for profile in portrait.profiles}
    for segment in segmentation.segments:
        yield f"  {_size(segment)}"
        if profile := profiles.get(segment.id):
            yield from (f"    {line}" for line in _lines(profile))
    yield from (f"  {line}" for line in _unanswered(segmentation, portrait.unanswered))
    for moved in (portrait.months, portrait.releases):
        yield from (f"  {sentence}" for sentence in (moved.sentences if moved else ()))
    yield from ([f"  {portrait.drift.sentence}"] if portrait.drift else [])
    yield from (f"  {_weighed(tried)}" for tried in segmentation.evidence)


def _size(segment: Segment) -> str:
    there = ""
    if segment.stability is not None:
        kind = "natural" if segment.is_natural else "constructed"
        there = f"; {kind}, comes back to {segment.stability:.0%} in refits"
    return f"{segment.id}  {segment.name}: {segment.n:,} accounts (counted), {segment.share:.0%}{there}"


def _lines(profile: Profile) -> Iterator[str]:
    yield from map(_outcome, profile.outcomes)
    # what a segment has less of in one category it has more of in another
    striking = [trait for trait in profile.traits if trait.level is None or trait.effect > 0]
    yield from map(_trait, striking[:MOST_TRAITS])
    if profile.typical:
        yield f"typical: {', '.join(profile.typical)}"


def _outcome(one: Outcome) -> str:
    if one.unit == "share":
        figures = f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%}; all: {one.whole:.1%})"
    else:
        figures = f"{one.value:,.1f} {one.unit} ({one.low:,.1f} to {one.high:,.1f}; all: {one.whole:,.1f})"
    return f"{one.what}: {figures}, {one.n:,} accounts, {one.basis}"


def _trait(one: Trait) -> str:
    effect = f"{one.effect:+.2f} standard deviations ({one.low:+.2f} to {one.high:+.2f}), {one.n:,} accounts, counted"
    if one.level is not None:
        return f"{one.sentence} {one.level}: {one.own:.0%} of them, {one.whole:.0%} of all; {effect}"
    return f"{one.sentence}: median {one.own:,.4g} {one.unit}, of all {one.whole:,.4g}; {effect}"


def _unanswered(segmentation: Segmentation, found: Unanswered | None) -> Iterator[str]:
    if found is None:
        return
    worth = "" if found.effective_n is None else f", worth {found.effective_n:,.0f} once weighted to all"
    yield f"{found.n_answered:,} of {found.n_accounts:,} accounts answered{worth}; the others are {found.why}"
    for segment, share in zip(segmentation.segments, found.shares, strict=False):
        yield (
            f"{segment.id} is {share.answered:.0%} of those that answered; of all {share.corrected:.0%} "
            f"({share.low:.0%} to {share.high:.0%}) if only what is known decides on answering, "
            f"{share.at_least:.0%} to {share.at_most:.0%} whatever does"
        )


def _weighed(tried: Evidence) -> str:
    steady = "" if tried.stability is None else f", adjusted Rand index {tried.stability:.2f} when resampled"
    return (
        f"weighed {tried.n_segments}: BIC {tried.criterion:,.0f}, {tried.gain_share:.0%} of all gain, "
        f"smallest {tried.smallest_share:.0%}{steady}"
    )
