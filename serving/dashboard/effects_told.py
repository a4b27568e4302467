"""Effects as a picture: of everyone, of a segment, or of all segments of a segmentation side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from pipelines.drivers.plain import EVERYONE, TOUCHPOINT
from serving.dashboard.addresses import address
from serving.dashboard.asked import known
from serving.dashboard.blocks import Block, Chart, Note
from serving.dashboard.charts.forest import Bar, forest
from serving.dashboard.charts.heading import Heading
from serving.dashboard.drivers_found import DriverFigures
from serving.dashboard.shown import Shown
from serving.dashboard.table import Cell, Column, Link, Table

CAUSE, NONE_FOUND, REFUSED = "cause", "none found", "refused"
LOOKS = {CAUSE: ("found to cause churn", "--caused", "circle"), NONE_FOUND: ("none found", "--faint", "circle-open")}
JOINT = "; intervals hold for all groups together"
AXIS = "Effect on churn within the horizon, percentage points"


@dataclass(frozen=True)
class Whom:
    """Of whom effects are told: of everyone ("" and ""), of each group of a segmentation, or of one of its groups."""

    segmentation: str = ""
    segment: str = ""

    @classmethod
    def of(cls, found: Sequence[DriverFigures], asked: Mapping[str, str]) -> Whom:
        """Return whom a page is asked about; a segment of another segmentation than the one asked for is let go.

        Raises
        ------
        Refusal
            When there is no such segmentation or segment.
        """
        groups = groupings(found)
        segment = known(asked, "segment", {group for names in groups.values() for group in names})
        segmentation = known(asked, "segmentation", groups)
        if not segmentation and segment:
            segmentation = next(name for name, names in groups.items() if segment in names)
        return cls(segmentation, segment if segment in groups.get(segmentation, ()) else "")

    @property
    def in_words(self) -> str:
        """What follows upon "what causes churn"."""
        if self.segment:
            return f" in {self.segment}"
        return f", by {self.segmentation} group" if self.segmentation else ""


class Told(NamedTuple):
    """An effect: of which driver, in which group ("" for everyone)."""

    driver: DriverFigures
    group: str
    effect: Shown


def groupings(found: Sequence[DriverFigures]) -> dict[str, list[str]]:
    """Return the groupings that effects are told by, each with its groups."""
    groups: dict[str, set[str]] = {}
    for driver in found:
        for one in driver.about["figures"]:
            if one["group_by"] not in (EVERYONE, TOUCHPOINT):
                groups.setdefault(str(one["group_by"]), set()).add(str(one["group"]))
    return {name: sorted(names) for name, names in groups.items()}


def effects(found: Sequence[DriverFigures], whom: Whom) -> Iterator[Told]:
    """Yield the effects that are asked for; by group those of causes only, which are what is to be acted on.

    What is refused of everyone is refused of every group.
    """
    for driver in found:
        if whom.segmentation and driver.verdict != REFUSED:
            for group, effect in driver.effects_by(whom.segmentation):
                if group == whom.segment or (not whom.segment and driver.verdict == CAUSE):
                    yield Told(driver, group, effect)
        elif of_all := driver.figure("effect"):
            yield Told(driver, "", of_all)


def effect_blocks(found: Sequence[DriverFigures], whom: Whom, nothing: Note) -> list[Block]:
    """Return the picture of effects, causes in colour, or why there is none."""
    told = [one for one in effects(found, whom) if one.effect.is_told and one.driver.verdict in LOOKS]
    if not told:
        return [nothing]
    if whom.segmentation and not whom.segment:
        return [_by_group(list(own)) for _, own in groupby(told, key=lambda one: one.driver.name)]
    bars = [_bar(one, one.driver.experience) for one in told]
    joint = JOINT if whom.segment else ""
    return [forest(Heading("effects", "Effects (caused)", f"{_says(told)}{joint}."), bars, AXIS, effects_table(told))]


def _by_group(told: Sequence[Told]) -> Chart:
    """The effect of one driver in each group."""
    driver, most = told[0].driver, max(told, key=lambda one: abs(one.effect.value))
    says = f"Largest in {most.group}: {_size(most.effect)}{JOINT}."
    heading = Heading(f"effects-{driver.name}", f"{driver.experience} (caused)", says)
    return forest(heading, [_bar(one, one.group) for one in told], AXIS, effects_table(told, heading.name))


def _bar(one: Told, label: str) -> Bar:
    return Bar(label, one.effect.value, one.effect.low, one.effect.high, *LOOKS[one.driver.verdict])


def effects_table(told: Sequence[Told], name: str = "effects") -> Table:
    """Return effects with what they rest on."""
    columns = [
        Column("driver", "Experience"),
        Column("contrast", "Compared"),
        Column("group", "Of whom"),
        Column("verdict", "Verdict", "verdict"),
        Column("effect", "Effect (caused), points", "number"),
        Column("low", "From", "number"),
        Column("high", "To", "number"),
        Column("rests_on", "Rests on", "sentence"),
    ]
    rows: list[Sequence[Cell | Link]] = [
        [
            Link(one.driver.experience, address("drivers", driver=one.driver.name)), one.driver.contrast,
            one.group or "all accounts", one.driver.verdict, one.effect.value, one.effect.low, one.effect.high,
            one.effect.rests_on,
        ]
        for one in told
    ]  # fmt: skip
    return Table(name, "Effects on churn, percentage points with 95 % interval", columns, rows, "No effect is told.")


def untold(found: Sequence[DriverFigures], whom: Whom) -> Iterator[list[Cell | Link]]:
    """Yield driver, contrast, group, verdict and why of every effect that is asked for and not told."""
    for one in effects(found, whom):
        if one.driver.verdict not in LOOKS:
            yield [*_who(one), one.driver.verdict, str(one.driver.about["verdict_sentence"])]
        elif not one.effect.is_told:
            yield [*_who(one), "refused", one.effect.sentence]


def _who(one: Told) -> list[Cell | Link]:
    link = Link(one.driver.experience, address("drivers", driver=one.driver.name))
    return [link, one.driver.contrast, one.group or "all accounts"]


def _says(told: Sequence[Told]) -> str:
    """What there is to see."""
    causes = [one for one in told if one.driver.verdict == CAUSE]
    if not causes:
        return "None of the experiences looked at was found to cause churn (hollow)"
    most = max(causes, key=lambda one: abs(one.effect.value))
    where = f" in {most.group}" if most.group else ""
    hollow = "; hollow points: none found" if len(causes) < len(told) else ""
    return f"The largest effect is that of {most.driver.experience}{where}: {_size(most.effect)}{hollow}"


def _size(effect: Shown) -> str:
    return f"{effect.value:+.1f} points ({effect.low:+.1f} to {effect.high:+.1f})"
