"""A segment's own page: what it is like, how it fares, what causes churn in it, and where its accounts go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.release import Release
from pipelines.segmentation.migration import Migration
from pipelines.segmentation.segmentation import Segment
from serving.dashboard.addresses import account_address, address
from serving.dashboard.blocks import Block, Figures, Note, Page, Section
from serving.dashboard.charts.forest import forest
from serving.dashboard.charts.heading import Heading
from serving.dashboard.drivers_found import drivers_of
from serving.dashboard.effects_told import Whom, effect_blocks
from serving.dashboard.pages.driver_checks import not_told
from serving.dashboard.segments_found import Grouped, called, of_outcome
from serving.dashboard.segments_told import TRAIT_COLUMNS, moves_table, trait_bars, trait_row
from serving.dashboard.shown import Shown
from serving.dashboard.table import Cell, Column, Link, Table
from serving.dashboard.words import as_sentence

NO_EFFECT = "No effect is told of this segment."
DIFFERENCE = "Difference from all accounts, standard deviations"


def one_segment(release: Release, found: Sequence[Grouped], segment_id: str) -> Page:
    """Return the page of a segment that is there."""
    of, segment = next((of, one) for of in found for one in of.segmentation.segments if one.id == segment_id)
    lead = f"One of the {len(of.segmentation.segments)} {of.name} segments. {as_sentence(of.segmentation.why)}"
    back = Note("All segments are on", href=address("segments", segmentation=of.name), link="the segments' page")
    sections = [
        Section("How it fares", [Figures([*_size(segment), *map(of_outcome, of.profile(segment).outcomes)]), back]),
        Section("What sets it apart", [_traits(of, segment)], beside=[_typical(of, segment)]),
        Section("What causes churn in it", _drivers(release, of, segment), "Effects within this segment (caused)."),
        Section("Where its accounts go", list(_moves(of, segment)), "Counted."),
    ]
    return Page(f"Segment {called(segment)}", lead, sections)


def _size(segment: Segment) -> Iterator[Shown]:
    yield Shown("Accounts", segment.n, rests_on="whose place is known", sentence="Counted when the release was made.")
    yield Shown("Share", segment.share, "share", rests_on=f"{segment.n:,} accounts", term="segment")
    if segment.stability is None:
        yield Shown.refused("Stability", "All accounts are in it, so that there is nothing to come back.", "stability")
        return
    kind = "A natural group" if segment.is_natural else "A cut that is useful or not, but no group that stands apart"
    yield Shown(
        "Stability", segment.stability, "", "check", sentence=f"{kind}; 1 is always the same.", term="stability"
    )


def _traits(of: Grouped, segment: Segment) -> Block:
    traits = of.profile(segment).traits
    table = Table(
        "traits", "Traits beside all accounts", TRAIT_COLUMNS, [trait_row(one) for one in traits],
        "It differs notably from all accounts in nothing that is known.",
    )  # fmt: skip
    if not traits:
        return table
    says = f"The most striking of {len(traits)}; the dotted line is the mean of all accounts (counted)."
    return forest(Heading("traits", "Traits", says), trait_bars(traits), DIFFERENCE, table)


def _typical(of: Grouped, segment: Segment) -> Table:
    rows = [[Link(account, account_address(account))] for account in of.profile(segment).typical]
    caption = "Accounts that are most like it"
    return Table("typical", caption, [Column("account", "Account")], rows, "No account is typical of it.")


def _drivers(release: Release, of: Grouped, segment: Segment) -> list[Block]:
    drivers, _ = drivers_of(release)
    whom = Whom(of.name, segment.name)
    refused = not_told(drivers, whom)
    blocks = [*effect_blocks(drivers, whom, Note(NO_EFFECT, "refused")), *([refused] if refused.rows else [])]
    more = address("drivers", segmentation=of.name, segment=segment.name)
    is_told = any(True for driver in drivers for group, _ in driver.effects_by(of.name) if group == segment.name)
    return [*blocks, *([Note("With filters and what-ifs on", href=more, link="the drivers' page")] if is_told else [])]


def _moves(of: Grouped, segment: Segment) -> Iterator[Block]:
    """Where its accounts go; and where, by the segments of the release before, they were."""
    months, releases = of.portrait.months, of.portrait.releases
    if months and segment.id in months.sources:
        yield _table(
            of, "goes", f"Where it goes from month to month, {months.since} to {months.until}", months, segment
        )
    if releases and segment.id in releases.targets:
        yield _came(of, releases, segment)
    if not months and not releases:
        yield Note(
            "Who moved is not known: accounts were seen at one date only, or the dates are no months.", "refused"
        )


def _table(of: Grouped, name: str, caption: str, moved: Migration, segment: Segment) -> Table:
    targets = [of.called(one) for one in moved.targets]
    own = moved.counts[moved.sources.index(segment.id)]
    one_line = Migration(moved.between, moved.since, moved.until, (segment.id,), moved.targets, (own,), ())
    table = moves_table(name, [called(segment)], targets, one_line)
    return Table(name, caption, table.columns, table.rows, table.empty)


def _came(of: Grouped, moved: Migration, segment: Segment) -> Table:
    place = moved.targets.index(segment.id)
    of_each = [line[place] for line in moved.counts]
    rows: list[Sequence[Cell | Link]] = [
        [of.called(source), n, n / sum(of_each)] for source, n in zip(moved.sources, of_each, strict=True) if n
    ]
    columns = [
        Column("source", "Segment in the release before"),
        Column("n", "Accounts (counted)", "number"),
        Column("share", "Of those in it now", "number", "share"),
    ]
    return Table(
        "came", f"Where its accounts were in release {moved.since}", columns, rows, "It has no account from before."
    )
