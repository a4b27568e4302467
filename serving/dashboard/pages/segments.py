"""Who is alike: three ways to group accounts side by side, and one of them closely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipelines.segmentation.comparison import Comparison
from serving.dashboard.asked import known
from serving.dashboard.blocks import Block, Choice, Figures, Form, Note, Page, Section
from serving.dashboard.board import Board
from serving.dashboard.charts.forest import Bar, forest
from serving.dashboard.charts.heading import Heading
from serving.dashboard.pages.one_segment import one_segment
from serving.dashboard.segments_found import Grouped, grouped, link_to
from serving.dashboard.segments_told import by_outcome, profiles, shifts, unanswered
from serving.dashboard.shown import Shown, rests_on
from serving.dashboard.table import Cell, Column, Link, Table
from serving.dashboard.words import as_sentence

ASKS = ("segmentation", "segment")
LEAD = "Who is alike, in what they are, do and need; how they churn, and who moves."


def segments(board: Board, asked: Mapping[str, str]) -> Page:
    """Return the page, or that of one segment.

    Raises
    ------
    Refusal
        When a segmentation or a segment is asked for that is not there.
    """
    found = grouped(board.release)
    segment = known(asked, "segment", [one.id for of in found for one in of.segmentation.segments])
    named = known(asked, "segmentation", [of.name for of in found])
    if segment:
        return one_segment(board.release, found, segment)
    comparisons = board.release.comparisons
    chosen = next((of for of in found if of.name == (named or _usual(found, comparisons))), None)
    sections = [
        Section("Three ways to group accounts", [Figures([_card(of) for of in found]), _sizes(found)], _n(found)),
        Section("Which tells most", list(_tells(comparisons)), "Of what came later, on accounts held out."),
        *(_closely(found, chosen) if chosen else []),
    ]
    return Page("Segments", LEAD, sections)


def _n(found: Sequence[Grouped]) -> str:
    most = max((sum(one.n for one in of.segmentation.segments) for of in found), default=0)
    return f"Up to {most:,} accounts have a place; how many segments there are is found, not set."


def _usual(found: Sequence[Grouped], comparisons: Sequence[Comparison]) -> str:
    """The segmentation that tells most of churn; else the first that has segments at all."""
    telling = [told.segmentation for one in comparisons[:1] for told in one.told]
    divided = [of.name for of in found if of.segmentation.is_divided]
    return next((name for name in (*telling, *divided) if name in divided), found[0].name if found else "")


def _card(of: Grouped) -> Shown:
    n = sum(one.n for one in of.segmentation.segments)
    why = as_sentence(of.segmentation.why)
    n_segments = len(of.segmentation.segments)
    unit = "segment" if n_segments == 1 else "segments"
    return Shown(of.name.capitalize(), n_segments, unit, rests_on=rests_on(0, n), sentence=why, term="segment")


def _sizes(found: Sequence[Grouped]) -> Table:
    columns = [
        Column("segment", "Segment"),
        Column("segmentation", "By"),
        Column("n", "Accounts (counted)", "number"),
        Column("share", "Share (counted)", "number", "share"),
        Column("stability", "Stability, 0 to 1", "number"),
        Column("kind", "It is"),
    ]
    rows: list[Sequence[Cell | Link]] = [
        [link_to(one), of.name, one.n, one.share, one.stability, _kind(one.stability, is_natural=one.is_natural)]
        for of in found
        for one in of.segmentation.segments
    ]
    note = (
        "Stability: how alike a segment comes back when accounts are drawn anew (median Jaccard index). From 0.75 on "
        "it is natural, below it a useful cut rather than a group that stands apart."
    )
    return Table("sizes", "Segments and how steady they are", columns, rows, "There are no segments.", note)


def _kind(stability: float | None, *, is_natural: bool) -> str:
    return "natural" if is_natural else "all in one" if stability is None else "a cut"


def _tells(comparisons: Sequence[Comparison]) -> Iterator[Block]:
    """Which segmentation tells most of each outcome, or why that cannot be told."""
    for place, one in enumerate(comparisons, start=1):
        outcome, said = as_sentence(one.outcome)[:-1], as_sentence(one.sentence)
        if not one.told:
            yield Note(f"{outcome}: {said}", "refused")
            continue
        name = f"tells-{place}"
        bars = [
            Bar(told.segmentation, 100 * told.share, 100 * told.low, 100 * told.high, "", "--associated")
            for told in one.told
        ]
        heading = Heading(name, f"{outcome}: how much of it segments tell (associated)", said)
        yield forest(heading, bars, "% of the variance told, held out", _told_table(name, one))
    if not comparisons:
        yield Note("Nothing can be compared: no outcome is known after the segments.", "refused")


def _told_table(name: str, one: Comparison) -> Table:
    columns = [
        Column("segmentation", "Grouped by"),
        Column("n_segments", "Segments", "number"),
        Column("share", "Told of it (associated)", "number", "share"),
        Column("low", "From", "number", "share"),
        Column("high", "To", "number", "share"),
        Column("n", "Accounts", "number"),
    ]
    rows: list[Sequence[Cell | Link]] = [
        [told.segmentation, told.n_segments, told.share, told.low, told.high, one.n] for told in one.told
    ]
    return Table(name, f"{as_sentence(one.outcome)[:-1]}: share of its variance told", columns, rows)


def _closely(found: Sequence[Grouped], of: Grouped) -> Iterator[Section]:
    options = [(one.name, one.name) for one in found]
    form = Form(
        "Which segmentation is shown", [Choice("segmentation", "Look closely at", options, of.name)], anchor="closely"
    )
    if not of.segmentation.is_divided:
        why = Note(as_sentence(of.segmentation.why), "refused")
        yield Section(f"The {of.name} segments", [form, why, *by_outcome(of), *unanswered(of)], anchor="closely")
        return
    yield Section(f"The {of.name} segments", [form, profiles(of)], "What sets each apart.", anchor="closely")
    yield Section("How they fare", list(by_outcome(of)), "Churn, revenue and experience, counted.")
    yield Section("Who moves", *shifts(of))
    if never := unanswered(of):
        yield Section("Who never answered", never)
