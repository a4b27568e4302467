"""What the programme tells of one question, as it is shown: numbers of everyone, groups side by side, and refusals."""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pipelines.experience.found import EVERYONE, Found
from pipelines.experience.told import Told
from serving.dashboard.blocks import Block, Chart, Figures, Note, Section
from serving.dashboard.charts.forest import Bar, forest
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.months import months
from serving.dashboard.shown import Shown
from serving.dashboard.table import Cell, Column, Link, Table
from serving.dashboard.words import as_sentence, slug

QUESTIONS = Path(__file__).with_name("questions.toml")
MOST_TILES, MOST_BARS, MOST_CHARTS, MOST_ROWS = 8, 16, 3, 12
WHOLE = (EVERYONE, "survey_type")
"""Of all accounts, or of all who were asked in one way: no part of the company by itself."""
SCALES = ("nps", "csat", "ces")
MONTH = "month"
FEWEST_MONTHS = 3
COLUMNS = (
    Column("figure", "Figure"),
    Column("group", "Of"),
    Column("value", "Value", "number"),
    Column("low", "At least", "number"),
    Column("high", "At most", "number"),
    Column("unit", "Unit"),
    Column("basis", "Kind", "basis"),
    Column("n", "Answers or events", "number"),
    Column("n_accounts", "Accounts", "number"),
    Column("verdict", "Verdict", "verdict"),
    Column("sentence", "What it means"),
)


@dataclass(frozen=True)
class Question:
    """One question of the programme.

    `topic` is its name among the figures, `title` and `lead` are shown, `term` is explained among the definitions.
    `is_drawn`: its groups are seen side by side.
    """

    topic: str
    title: str
    lead: str = ""
    term: str = ""
    is_drawn: bool = True


@functools.cache
def questions(part: str) -> tuple[Question, ...]:
    """Return the questions of a part of the programme, in the order in which they are shown.

    >>> questions("value")[0].topic
    'value of one NPS point'
    """
    return tuple(Question(**one) for one in tomllib.loads(QUESTIONS.read_text("utf-8"))[part])


def answered(told: Told, question: Question, beside: Sequence[Block] = (), by: str = "") -> Section:
    """Return what is told of a question; why not, where nothing is.

    Parameters
    ----------
    beside
        stands above the numbers of groups.
    by
        only groups of this kind are drawn, where there are some; the others are in the table.
    """
    found = [one for one in told.found if one.topic == question.topic]
    whole = [one for one in found if one.group_by in WHOLE and one.verdict != "refused"]
    parts = [one for one in found if one.group_by not in WHOLE and one.verdict != "refused"]
    blocks: list[Block] = []
    if whole:
        blocks.append(Figures([_tile(one, question) for one in whole[:MOST_TILES]]))
    blocks += beside
    if parts or len(whole) > MOST_TILES:
        blocks += _in_groups(question, parts, whole[MOST_TILES:], by)
    blocks += list(_refused(found))
    if not blocks:
        blocks.append(Note(as_sentence(told.why_not or "nothing in the tables tells of it"), "refused"))
    return Section(question.title, blocks, question.lead)


def _tile(one: Found, question: Question) -> Shown:
    name = in_capitals(one.figure)
    return Shown.of_found(one, name if one.group_by == EVERYONE else f"{name}, {one.group}", question.term)


def in_capitals(figure: str) -> str:
    """Return a figure's name as it begins a line.

    >>> in_capitals("nps bounds"), in_capitals("revenue heard")
    ('NPS bounds', 'Revenue heard')
    """
    first, _, rest = figure.partition(" ")
    return f"{first.upper()} {rest}".strip() if first in SCALES else as_sentence(figure).rstrip(".")


def _in_groups(question: Question, parts: Sequence[Found], others: Sequence[Found], by: str) -> Iterator[Block]:
    name = question.topic.replace(" ", "-")
    kinds = {one.group_by for one in parts}
    by_month = [one for one in parts if question.is_drawn and one.group_by.endswith(MONTH)]
    others_drawn = [one for one in parts if question.is_drawn and (by not in kinds or one.group_by == by)]
    for picture, drawn in ((_months, by_month), (_picture, [one for one in others_drawn if one not in by_month])):
        like = groupby(drawn, lambda one: (one.figure, one.group_by))
        yield from [chart for _, some in like for chart in picture(name, [*some])][:MOST_CHARTS]
    rows = [row(one) for one in (*others, *parts)]
    yield Table(f"{name}-groups", f"{question.title}: every group", COLUMNS, rows, is_folded=len(rows) > MOST_ROWS)


def _months(name: str, some: Sequence[Found]) -> Iterator[Chart]:
    """The numbers of months one after the other, a line for each kind of survey."""
    drawn = sorted((one for one in some if _has_interval(one)), key=lambda one: one.group)
    if len(drawn) < FEWEST_MONTHS:
        return
    first, lines = drawn[0], dict[str, list[Bar]]()
    for one in drawn:
        kind, _, month = one.group.rpartition(" / ")
        lines.setdefault(kind, []).append(Bar(month, one.value, one.low, one.high, colour=f"--{one.basis}"))
    figure = in_capitals(first.figure)
    title, own = f"{figure}, month by month", slug(f"{name} {first.figure} months")
    says = f"With 95 % intervals, {first.basis}: two months whose intervals overlap may be alike."
    table = Table(own, title, COLUMNS, [row(one) for one in some], is_folded=True)
    yield months(Heading(own, title, says), lines, f"{figure}, {first.unit}", table)


def _picture(name: str, some: Sequence[Found]) -> Iterator[Chart]:
    """The numbers of groups with their intervals, where there are some to be seen side by side."""
    drawn = [one for one in some if _has_interval(one)][:MOST_BARS]
    if len(drawn) < 2:
        return
    first = drawn[0]
    bars = [Bar(one.group, one.value, one.low, one.high, colour=f"--{one.basis}") for one in drawn]
    highest, lowest = max(drawn, key=_value), min(drawn, key=_value)
    says = f"Highest in {highest.group}, lowest in {lowest.group}; 95 % intervals, {first.basis}."
    if len(some) > len(drawn):
        says += f" The first {len(drawn)} of {len(some)} that have an interval."
    figure = in_capitals(first.figure)
    title = f"{figure}, by {kind_in_words(first.group_by)}"
    own = slug(f"{name} {first.figure} {first.group_by}")
    table = Table(own, title, COLUMNS, [row(one) for one in some])
    has_zero = min(one.low for one in drawn) <= 0 <= max(one.high for one in drawn)
    axis = f"{figure}, {first.unit}" if first.unit else figure
    yield forest(Heading(own, title, says), bars, axis, table, 0.0 if has_zero else None)


def _has_interval(one: Found) -> bool:
    return math.isfinite(one.low) and math.isfinite(one.high)


def kind_in_words(group_by: str) -> str:
    """Return what groups are made by, as people say it.

    >>> kind_in_words("survey_type / is_key")
    'survey type and key account'
    """
    words = group_by.replace("is_key", "key account").replace("_", " ")
    return words.replace(" / ", " and ")


def _value(one: Found) -> float:
    return one.value


def row(one: Found) -> list[Cell | Link]:
    """Return a figure as a row under `COLUMNS`."""
    whose = "everyone" if one.group_by == EVERYONE else one.group
    ends = [end if math.isfinite(end) else None for end in (one.value, one.low, one.high)]
    return [one.figure, whose, *ends, one.unit, one.basis, one.n or None, one.n_accounts, one.verdict, one.sentence]


def _refused(found: Sequence[Found]) -> Iterator[Note]:
    """What cannot be told, and why; what is refused for the same reason in one."""
    refused = [one for one in found if one.verdict == "refused"]
    for why in dict.fromkeys(one.sentence for one in refused):
        names = dict.fromkeys(_name(one) for one in refused if one.sentence == why)
        yield Note(f"Not told: {', '.join(names)}. {as_sentence(why)}", "refused")


def _name(one: Found) -> str:
    return one.figure if one.group_by == EVERYONE else f"{one.figure} of {one.group}"
