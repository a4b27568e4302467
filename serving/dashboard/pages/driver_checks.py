"""What effects have to stand: a hidden cause, both ends of an experience, refusals; and where they happen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pipelines.drivers.plain import MOMENT
from serving.dashboard.addresses import address
from serving.dashboard.blocks import Block, Section
from serving.dashboard.charts.forest import Bar, forest
from serving.dashboard.charts.heading import Heading
from serving.dashboard.drivers_found import DriverFigures
from serving.dashboard.effects_told import AXIS, CAUSE, Whom, untold
from serving.dashboard.shown import Shown
from serving.dashboard.table import Cell, Column, Link, Table
from serving.dashboard.words import as_sentence

ENDS = {
    "penalty": ("penalty: bad, not normal", "--bad", "circle"),
    "reward": ("reward: good, not normal", "--good", "square"),
}


def sensitivity(found: Sequence[DriverFigures]) -> Table:
    """Return in words what a common cause that nobody measured would leave of each effect."""
    columns = [
        Column("driver", "Experience"),
        Column("effect", "Effect (caused), points", "number"),
        Column("left_low", "Left of it, from", "number"),
        Column("left_high", "To", "number"),
        Column("in_words", "In words", "sentence"),
        Column("rests_on", "Rests on", "sentence"),
    ]
    rows: list[Sequence[Cell | Link]] = [
        [_link(driver), effect.value, left.low, left.high, hidden_in_words(effect, left), effect.rests_on]
        for driver in found
        if (effect := driver.figure("effect")) and (left := driver.figure("hidden cause")) and driver.verdict == CAUSE
    ]
    caption = "How strong a hidden cause would have to be"
    return Table("sensitivity", caption, columns, rows, "No cause was found whose strength could be questioned.")


def hidden_in_words(effect: Shown, left: Shown) -> str:
    """Return whether an effect outlives a hidden common cause, in a sentence.

    >>> hidden_in_words(Shown("effect", 4.0), Shown("left", 4.0, low=1.0, high=7.0, sentence="were one as strong as x"))
    'Holds: were one as strong as x, 1.0 to 7.0 points would be left.'
    """
    holds = left.low > 0 if effect.value > 0 else left.high < 0
    rest = f"{left.low:.1f} to {left.high:.1f} points would be left"
    return f"{'Holds' if holds else 'Could be all there is to it'}: {left.sentence}, {rest}."


def penalties(found: Sequence[DriverFigures]) -> Iterator[Block]:
    """Yield what a bad and what a good experience do against a normal one, of causes and of what is withheld."""
    told = [
        (driver, name, one)
        for driver in found
        for name in ENDS
        if driver.verdict in (CAUSE, "withheld") and (one := driver.figure(name))
    ]
    columns = [
        Column("driver", "Experience"),
        Column("end", "End"),
        Column("effect", "Effect (caused), points", "number"),
        Column("low", "From", "number"),
        Column("high", "To", "number"),
        Column("rests_on", "Rests on", "sentence"),
        Column("in_words", "In words", "sentence"),
    ]
    rows: list[Sequence[Cell | Link]] = [
        [_link(driver), name, *_numbers(one), one.rests_on, as_sentence(one.sentence)] for driver, name, one in told
    ]
    none = "No cause has a normal level between bad and good: each is there or not."
    table = Table("ends", "Penalty and reward: bad and good against normal", columns, rows, none)
    bars = [
        Bar(driver.experience, one.value, one.low, one.high, *ENDS[name]) for driver, name, one in told if one.is_told
    ]
    if not bars:
        yield table
        return
    says = "What a bad experience does against a normal one, and a good one: the two need not be alike."
    yield forest(Heading("ends", "Penalty and reward (caused)", says), bars, AXIS, table)


def not_told(found: Sequence[DriverFigures], whom: Whom) -> Table:
    """Return what is refused or withheld, and why."""
    columns = [
        Column("driver", "Experience"),
        Column("contrast", "Compared"),
        Column("group", "Of whom"),
        Column("verdict", "Verdict", "verdict"),
        Column("why", "Why", "sentence"),
    ]
    rows = [[*row[:-1], as_sentence(str(row[-1]))] for row in untold(found, whom)]
    return Table("not-told", "Refused and withheld", columns, rows, "Nothing was refused or withheld.")


def places(found: Sequence[DriverFigures], pains: Sequence[tuple[str, Shown]], touchpoint: str) -> Section:
    """Return where causes cost most, and apart from it what is bad whether or not it costs anything."""
    columns = [
        Column("touchpoint", "Touchpoint"),
        Column("driver", "Experience"),
        Column("value", "Churners per 1,000 accounts (caused)", "number"),
        Column("low", "From", "number"),
        Column("high", "To", "number"),
        Column("rests_on", "Rests on", "sentence"),
    ]
    rows: list[Sequence[Cell | Link]] = [
        [driver.touchpoint, _link(driver), *_numbers(one), one.rests_on]
        for driver in found
        if (one := driver.figure(MOMENT, driver.touchpoint))
    ]
    moments = Table("moments", "Moments of truth", columns, rows, "No cause is known to happen at a touchpoint.")
    return Section(
        "Where it happens", [moments], "Effect times how many meet it today.", beside=[_pains(pains, touchpoint)]
    )


def _pains(pains: Sequence[tuple[str, Shown]], touchpoint: str) -> Table:
    columns = [
        Column("touchpoint", "Touchpoint"),
        Column("value", "Low answers (counted)", "number", "%"),
        Column("low", "From", "number", "%"),
        Column("high", "To", "number", "%"),
        Column("rests_on", "Rests on", "sentence"),
    ]
    rows: list[Sequence[Cell | Link]] = [
        [place, *_numbers(one), one.rests_on] for place, one in pains if touchpoint in ("", place)
    ]
    return Table("pains", "Pain points", columns, rows, "Of no touchpoint enough answers are known.")


def _numbers(one: Shown) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in (one.value, one.low, one.high)]


def _link(driver: DriverFigures) -> Link:
    return Link(driver.experience, address("drivers", driver=driver.name))
