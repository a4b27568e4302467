"""What a release found of its segments, as pages ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.release import Release
from pipelines.segmentation.portrait import Portrait
from pipelines.segmentation.profile import Outcome, Profile
from pipelines.segmentation.segmentation import Segment, Segmentation
from serving.dashboard.addresses import address
from serving.dashboard.numbers import in_words, money
from serving.dashboard.shown import Shown, rests_on
from serving.dashboard.table import Link

NO_PROFILE = Profile("", (), (), ())


@dataclass(frozen=True)
class Grouped:
    """A segmentation and what is told of it."""

    segmentation: Segmentation
    portrait: Portrait

    @property
    def name(self) -> str:
        """What it groups accounts by."""
        return self.segmentation.name

    def profile(self, segment: Segment) -> Profile:
        """What a segment is like; nothing at all where nothing is told."""
        return next((one for one in self.portrait.profiles if one.id == segment.id), NO_PROFILE)

    def called(self, place_id: str) -> str:
        """Return the name beside an id in a migration; an id that is none of these segments' stays as it is."""
        return next((called(one) for one in self.segmentation.segments if one.id == place_id), place_id)


def grouped(release: Release) -> list[Grouped]:
    """Return the segmentations of a release."""
    return [Grouped(one, release.portraits.get(name, Portrait())) for name, one in release.segmentations.items()]


def number_of(segment: Segment) -> str:
    """Return the number of a segment within its segmentation.

    >>> number_of(Segment("needs-2", "thrifty", "thrifty", 10, 0.5))
    '2'
    """
    return segment.id.rpartition("-")[2]


def called(segment: Segment) -> str:
    """Return number and name of a segment.

    >>> called(Segment("needs-2", "thrifty", "thrifty", 10, 0.5))
    '2 thrifty'
    """
    return f"{number_of(segment)} {segment.name}"


def link_to(segment: Segment) -> Link:
    """Return where a segment's own page is."""
    return Link(called(segment), address("segments", segment=segment.id))


def outcomes(of: Grouped) -> Iterator[tuple[str, list[tuple[Segment, Outcome]]]]:
    """Yield what is counted of segments, such as churn, with every segment of which it is told."""
    found: dict[str, list[tuple[Segment, Outcome]]] = {}
    for segment in of.segmentation.segments:
        for outcome in of.profile(segment).outcomes:
            found.setdefault(outcome.what, []).append((segment, outcome))
    yield from found.items()


def of_outcome(one: Outcome) -> Shown:
    """Return a segment's churn, revenue or experience as it is shown."""
    is_money = one.unit.startswith("money")
    unit = "money" if is_money else "share" if one.unit == "share" else ""  # others are said in what it is
    usual = money(one.whole) if is_money else in_words(one.whole, unit)
    label, sentence = f"{one.what[:1].upper()}{one.what[1:]}", f"Of all accounts {usual}."
    return Shown(label, one.value, unit, one.basis, one.low, one.high, rests_on(0, one.n), sentence)
