"""Who is at risk: every account with a score, found, filtered and in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from pipelines.release import BASES, Release
from serving.dashboard.account_list import (
    DOWN,
    FIRST_SORT,
    MOST_OWNERS,
    ROWS_A_PAGE,
    TIERS,
    Listing,
    Wanted,
    all_rows,
    listing,
    owners,
)
from serving.dashboard.addresses import account_address, address
from serving.dashboard.blocks import Block, Choice, Form, Note, Page, Pager, Search, Section
from serving.dashboard.board import Board
from serving.dashboard.numbers import in_words
from serving.dashboard.pages.overview import NOBODY
from serving.dashboard.table import Cell, Column, Link, Table
from serving.store_tables import LISTED

TABLE = "accounts"
HOW = (
    "Each word begins a word of the name, or the id, in capitals or not. Of 100 intervals 90 hold the churn of "
    "accounts alike. Change is in percentage points, against the latest score of an earlier month; a new release moves "
    "it too."
)


def accounts(board: Board, asked: Mapping[str, str]) -> Page:
    """Return the page."""
    wanted = Wanted.of(asked)
    lead = f"Who may leave within {board.manifest.horizon_days} days, and what changed since last month."
    return Page("Accounts", lead, [Section("", list(_blocks(board, wanted, asked)))])


def _blocks(board: Board, wanted: Wanted, asked: Mapping[str, str]) -> Iterator[Block]:
    if board.store is None:
        yield Note("Accounts are not part of what is shown here: there is no store.", "refused")
        return
    with board.store.snapshot() as connection:
        found, looked_after_by = listing(connection, wanted), owners(connection)
    if not found.total and wanted == Wanted(sort=wanted.sort):
        yield Note(NOBODY)
        return
    yield _form(board.release, wanted, looked_after_by)
    yield _table(board.release, wanted, asked, found.rows)
    yield _pager(asked, found)


def _form(release: Release, wanted: Wanted, looked_after_by: Sequence[str]) -> Form:
    of_segment = ":".join(wanted.segment) if wanted.segment else ""
    tiers = [("", "Any"), *((tier, tier.capitalize()) for tier in TIERS)]
    worse = [("", "All"), ("tier", "Called a higher risk"), ("prob", "Likelier to leave")]
    fields: list[Choice | Search] = [
        Search("search", "Name or id", wanted.search),
        Choice("tier", "Tier", tiers, wanted.tier),
        _owner(wanted.owner, looked_after_by),
        Choice("segment", "Segment", [("", "Any"), *_segments(release)], of_segment),
        Choice("worse", "Since an earlier month", worse, wanted.worse),
    ]
    kept = [("sort", wanted.sort)] if wanted.sort != FIRST_SORT else []
    return Form("Which accounts", fields, kept=kept)


def _owner(chosen: str, looked_after_by: Sequence[str]) -> Choice | Search:
    if len(looked_after_by) > MOST_OWNERS:
        return Search("owner", "Owner", chosen, "as written in the table")
    return Choice("owner", "Owner", [("", "Any"), *((one, one) for one in looked_after_by)], chosen)


def _segments(release: Release) -> Iterator[tuple[str, str]]:
    for basis, segmentation in release.segmentations.items():
        for segment in segmentation.segments:
            yield f"{basis}:{segment.id}", f"{basis.capitalize()}: {segment.name}"


def _table(release: Release, wanted: Wanted, asked: Mapping[str, str], rows: Sequence[Row[Any]]) -> Table:
    basis = wanted.segment[0] if wanted.segment else BASES[0]
    named = segment_names(release, basis)
    columns = [
        _column(wanted, asked, "account", "Account", "id"),
        _column(wanted, asked, "name", "Name"),
        _column(wanted, asked, "owner", "Owner"),
        Column("tier", "Tier (predicted)", "tier"),
        _column(wanted, asked, "prob", "Probability of churn (predicted)", "meter"),
        Column("interval", "90 % interval", "id"),
        _column(wanted, asked, "change", "Change, points", "number"),
        _column(wanted, asked, "value", "Value at risk (predicted)", "money"),
        Column("segment", f"Segment ({basis})"),
    ]
    shown = [[*_of(row), _segment(row, basis, named)] for row in rows]
    return Table(TABLE, "Accounts with a score", columns, shown, "No account is so: take a filter away.", HOW)


def _column(wanted: Wanted, asked: Mapping[str, str], name: str, title: str, kind: Any = "text") -> Column:
    """A column by which rows can be put in order: by numbers from the largest down first, by text from the first on."""
    is_it = wanted.sorts_by == name
    first = "" if kind in ("text", "id") else DOWN
    way = ("" if wanted.is_down else DOWN) if is_it else first
    href = address("accounts", **_without_page(asked) | {"sort": f"{way}{name}"})
    direction: Any = ("descending" if wanted.is_down else "ascending") if is_it else ""
    return Column(name, title, kind, sort_href=href, sorted=direction)


def _of(row: Row[Any]) -> list[Cell | Link]:
    return [
        Link(row.account_id, account_address(row.account_id)),
        row.name,
        row.owner,
        row.tier,
        row.churn_prob,
        interval(row.churn_prob_low, row.churn_prob_high),
        change_in_words(row),
        row.value_at_risk,
    ]


def _segment(row: Row[Any], basis: str, named: Mapping[str, str]) -> str | None:
    segment: str | None = row._mapping[basis]
    return segment and named.get(segment, segment)


def segment_names(release: Release, basis: str) -> dict[str, str]:
    """Return the names of a segmentation's segments by id."""
    there = release.segmentations.get(basis)
    return {segment.id: segment.name for segment in there.segments} if there else {}


def interval(low: float | None, high: float | None) -> str | None:
    """Return the two ends of a probability's interval in words.

    >>> interval(0.1, 0.25), interval(None, None)
    ('10 % to 25 %', None)
    """
    return None if low is None or high is None else f"{in_words(low, 'share')} to {in_words(high, 'share')}"


def change_in_words(row: Row[Any]) -> str | None:
    """Return by how many points a probability changed, and since when."""
    return None if row.change is None else f"{100 * row.change:+.1f} since {row.former_as_of[:10]}"


def _pager(asked: Mapping[str, str], found: Listing) -> Pager:
    page = (found.first - 1) // ROWS_A_PAGE + 1

    def at(number: int) -> str:
        return address("accounts", **_without_page(asked) | {"page": str(number) if number > 1 else ""})

    previous = at(page - 1) if page > 1 else ""
    following = at(page + 1) if found.last < found.total else ""
    return Pager(found.first, found.last, found.total, previous, following)


def _without_page(asked: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in asked.items() if name != "page"}


def account_columns() -> list[str]:
    """Return the columns of the download, as the store has them, segments by name."""
    return [column.name for column in LISTED.columns if column.name not in ("words", "computed_at")]


def account_rows(board: Board, asked: Mapping[str, str]) -> Iterator[list[Cell]]:
    """Yield all accounts that are asked for, one by one, as they are downloaded.

    Raises
    ------
    Refusal
        When a value that is asked for is none that there is.
    """
    wanted, store, columns = Wanted.of(asked), board.store, account_columns()
    named = [(columns.index(basis), segment_names(board.release, basis)) for basis in BASES]
    if store is None:
        return iter(())
    rows = all_rows(store, wanted, [LISTED.c[name] for name in columns])
    return (_downloaded(row, named) for row in rows)


def _downloaded(row: Row[Any], named: Sequence[tuple[int, Mapping[str, str]]]) -> list[Cell]:
    cells = list(row)
    for place, names in named:
        cells[place] = names.get(cells[place], cells[place])
    return cells
