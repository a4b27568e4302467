"""What experience is worth: a point of NPS, a point of retention, and customers as an asset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipelines.experience.told import Told
from serving.dashboard.blocks import Chart, Note, Page, Section
from serving.dashboard.board import Board
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.waterfall import waterfall
from serving.dashboard.numbers import money
from serving.dashboard.table import Table
from serving.dashboard.topics import COLUMNS, Question, answered, questions, row
from serving.dashboard.words import as_sentence

EQUITY = "customer equity"
LEAD = "What a better experience is worth, from your own accounts, and what it rests on."
OPENING, CLOSING = "opening equity", "closing equity"


def value(board: Board, _: Mapping[str, str]) -> Page:
    """Return the page."""
    told = board.release.programme.value
    if told.why_not:
        return Page("Value", LEAD, [Section("", [Note(as_sentence(told.why_not), "refused")])])
    there = {one.topic for one in told.found}
    sections = [_section(told, question) for question in questions("value") if question.topic in there]
    return Page("Value", f"{LEAD} As known before {told.as_of}.", sections)


def _section(told: Told, question: Question) -> Section:
    return answered(told, question, list(_statement(told)) if question.topic == EQUITY else ())


def _statement(told: Told) -> Iterator[Chart]:
    """From the opening equity to the closing one."""
    found = [one for one in told.found if one.topic == EQUITY and one.verdict != "refused"]
    names = [one.figure for one in found]
    if OPENING not in names or CLOSING not in names:
        return
    first, last = names.index(OPENING), names.index(CLOSING)
    steps = [(one.figure, one.value) for one in found[first : last + 1]]
    says = (
        f"From {money(steps[0][1])} to {money(steps[-1][1])} within a year: the opening and all that came and went "
        "add up to the closing."
    )
    title = "Equity from a year ago to today, in the currency of the tables (assumed: by today's worth of revenue)"
    table = Table("equity-statement", title, COLUMNS, [row(one) for one in found])
    yield waterfall(Heading("equity-statement", title, says), steps, "currency", table)
