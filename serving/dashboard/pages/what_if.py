"""What a better experience would save: one of the levels that training asked about, of whom it is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.drivers.plain import EVERYONE, nested
from pipelines.release import Release
from serving.dashboard.asked import known
from serving.dashboard.blocks import Block, Choice, Figures, Form, Note, Section, Slider
from serving.dashboard.charts.forest import Bar, forest
from serving.dashboard.charts.heading import Heading
from serving.dashboard.drivers_found import SAVED, DriverFigures, shown
from serving.dashboard.shown import Shown
from serving.dashboard.table import Cell, Column, Table
from serving.dashboard.words import as_sentence

TITLE, ANCHOR = "What if", "slider"
LEAD = "What would be saved if the accounts that have it bad today were brought to a better level."
NOTHING = "No experience was found to cause churn, so that nothing is known to be saved by a better one."
ALL = "all accounts"


@dataclass(frozen=True)
class Level:
    """A level of a driver that was asked about."""

    said: dict[str, Any]

    @property
    def name(self) -> str:
        """As the address has it.

        >>> Level({"to": 8.0}).name
        '8'
        """
        return f"{self.said['to']:g}"

    @property
    def in_words(self) -> str:
        """What it is brought to.

        >>> Level({"contrast": "24 hours or more against 8 hours or less"}).in_words
        '8 hours or less'
        """
        return str(self.said["contrast"]).partition(" against ")[2]

    def told(self, group_by: str, group: str) -> list[Shown]:
        """What it would save of some accounts, the effect first; or, in one figure, why that cannot be told."""
        figures = [one for one in self.said["figures"] if (one["group_by"], one["group"]) == (group_by, group)]
        return [shown(one) for one in figures]


def what_if(release: Release, found: Sequence[DriverFigures], asked: Mapping[str, str]) -> Section:
    """Return the slider with its answer.

    Raises
    ------
    Refusal
        When a level, or somebody, is asked about that no driver has.
    """
    by_driver: dict[str, list[Level]] = {}
    for said in nested(release.what_if, by=("driver", "to")):
        by_driver.setdefault(str(said["driver"]), []).append(Level(said))
    causes = [driver for driver in found if driver.name in by_driver]
    to = known(asked, "to", {level.name for levels in by_driver.values() for level in levels})
    whose = {
        _who(one): (one["group_by"], one["group"]) for level in by_driver.values() for one in level[0].said["figures"]
    }
    who = known(asked, "who", set(whose))
    if not causes:
        return Section(TITLE, [Note(NOTHING, "refused")], LEAD, anchor=ANCHOR)
    driver = next((one for one in causes if one.name == asked.get("driver")), _most_worth(causes))
    levels = by_driver[driver.name]
    usual = next((one for one in levels if one.said["contrast"] == driver.contrast), levels[0])
    level = next((one for one in levels if one.name == to), usual)
    group = whose[who] if who else (EVERYONE, EVERYONE)
    fields: list[Choice | Slider] = [
        Choice("driver", "Experience", [(one.name, one.experience) for one in causes], driver.name),
        Choice("who", "Whose", [(name if name != ALL else "", name) for name in whose], who),
        *([Slider("to", "To", [(one.name, one.in_words) for one in levels], level.name)] if len(levels) > 1 else []),
    ]
    kept = [
        (name, asked[name]) for name in ("segmentation", "segment", "touchpoint", "family", "tier") if name in asked
    ]
    form = Form("What is brought to which level", fields, kept=kept, anchor=ANCHOR)
    blocks: list[Block] = [*_no_cause(found, causes, asked), form, _from(driver, level, who), *_answer(level, group)]
    return Section(TITLE, blocks, LEAD, beside=_at_each(levels, group), anchor=ANCHOR)


def _who(figure: Mapping[str, Any]) -> str:
    """As the address has it; a name alone could be that of two."""
    return ALL if figure["group_by"] == EVERYONE else f"{figure['group_by']}: {figure['group']}"


def _no_cause(found: Sequence[DriverFigures], causes: Sequence[DriverFigures], asked: Mapping[str, str]) -> list[Note]:
    """Why what was asked about is not answered."""
    other = [one for one in found if one.name == asked.get("driver") and one not in causes]
    words = "nothing is known to be saved"
    return [
        Note(f"Of {one.experience} {words}: {one.verdict}. Below, what would save most.", "caution") for one in other
    ]


def _most_worth(causes: Sequence[DriverFigures]) -> DriverFigures:
    """The cause that would save most, of those that the company decides on where there are such."""

    def worth(driver: DriverFigures) -> tuple[bool, float]:
        saved = driver.figure("churners saved")
        return bool(driver.about["is_controllable"]), saved.value if saved and saved.is_told else -math.inf

    return max(causes, key=worth)


def _from(driver: DriverFigures, level: Level, who: str) -> Note:
    bad, _, good = str(level.said["contrast"]).partition(" against ")
    return Note(f"{driver.experience}, {who or ALL}: from {bad} to {good}.")


def _answer(level: Level, group: tuple[str, str]) -> list[Block]:
    told = level.told(*group)
    if not told or not told[0].is_told:
        why = told[0].sentence if told else "nobody was asked about"
        return [Note(f"Cannot be told: {why}.", "refused")]
    terms = {"effect": "effect", **dict.fromkeys(SAVED.values(), "what-if")}
    saved = [one for one in told if one.label != "effect"]
    effect = [one for one in told if one.label == "effect"]
    return [Figures([_with_term(one, terms.get(one.label, "")) for one in (*saved, *effect)])]


def _with_term(one: Shown, term: str) -> Shown:
    label = "Effect of the change on churn" if one.label == "effect" else one.label
    return Shown(
        label, one.value, one.unit, one.basis, one.low, one.high, one.rests_on, as_sentence(one.sentence), term
    )


def _at_each(levels: Sequence[Level], group: tuple[str, str]) -> list[Block]:
    """What every level would save, side by side."""
    table = _levels_table(levels, group)
    saved = [(level, one) for level in levels for one in level.told(*group) if one.label == SAVED["churners saved"]]
    if len(levels) < 2 or not saved:
        return [table]
    says = "Further from bad saves more only where the effect grows; each level is learnt from other accounts."
    bars = [Bar(level.in_words, one.value, one.low, one.high, "", "--caused") for level, one in saved]
    heading = Heading("what-if", "Churners saved at each level (caused)", says)
    return [forest(heading, bars, "Accounts that would stay", table)]


def _levels_table(levels: Sequence[Level], group: tuple[str, str]) -> Table:
    columns = [
        Column("to", "To"),
        Column("churners", "Churners saved (caused)", "number"),
        Column("churners_low", "From", "number"),
        Column("churners_high", "To", "number"),
        Column("revenue", "Revenue saved a month (caused)", "money"),
        Column("revenue_low", "From", "money"),
        Column("revenue_high", "To", "money"),
        Column("rests_on", "Rests on", "sentence"),
        Column("in_words", "In words", "sentence"),
    ]
    rows = [_level_row(level, level.told(*group)) for level in levels]
    return Table("what-if", "What each level would save, within the horizon", columns, rows)


def _level_row(level: Level, told: Sequence[Shown]) -> list[Cell]:
    by_label = {one.label: one for one in told}
    numbers: list[Cell] = []
    for label in SAVED.values():
        one = by_label.get(label)
        numbers += [
            value if math.isfinite(value) else None for value in ((one.value, one.low, one.high) if one else ())
        ]
        numbers += [None] * (0 if one else 3)
    last = told[-1] if told else None
    return [level.in_words, *numbers, last.rests_on if last else "", as_sentence(last.sentence) if last else ""]
