"""A segmentation closely: what sets its segments apart, how they fare, who moves, who never answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.segmentation.migration import Drift, Migration
from pipelines.segmentation.nonresponse import Share
from pipelines.segmentation.trait import Trait
from serving.dashboard.blocks import Block, Chart, Figures, Note
from serving.dashboard.charts.forest import Bar, forest
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.heat import heat
from serving.dashboard.charts.sankey import sankey
from serving.dashboard.charts.shares import shares
from serving.dashboard.segments_found import Grouped, called, link_to, number_of, outcomes
from serving.dashboard.shown import Shown, rests_on
from serving.dashboard.table import Cell, Column, Link, Table
from serving.dashboard.words import as_sentence

MOST_TRAITS = 16
NOTHING = float("nan")
NEITHER_MOVED = "Who moved is not known: accounts were seen at one date only, or the dates are no months."
Key = tuple[str, str | None]


def profiles(of: Grouped) -> Chart | Table:
    """Return in what segments differ from all accounts: a line a trait, those that differ most on top."""
    segments = of.segmentation.segments
    table = traits_table(of)
    found = _by_trait(of)
    if not found:
        return table
    most = sorted(found, key=lambda key: -max(abs(one.effect) for one in found[key].values()))[:MOST_TRAITS]
    values = [[found[key][one.id].effect if one.id in found[key] else NOTHING for one in segments] for key in most]
    names = ", ".join(called(one) for one in segments)
    says = (
        f"Mean of a segment less that of all accounts, in standard deviations (counted): red more, blue less, empty "
        f"alike. Columns: {names}."
    )
    rows = [_trait_in_words(next(iter(found[key].values()))) for key in most]
    heading = Heading("profiles", "What sets the segments apart", says)
    return heat(heading, rows, [number_of(one) for one in segments], values, table)


def _by_trait(of: Grouped) -> dict[Key, dict[str, Trait]]:
    found: dict[Key, dict[str, Trait]] = {}
    for profile in of.portrait.profiles:
        for trait in profile.traits:
            found.setdefault((trait.feature, trait.level), {})[profile.id] = trait
    return found


def _trait_in_words(trait: Trait) -> str:
    return trait.sentence if trait.level is None else f"{trait.sentence}: {trait.level}"


def traits_table(of: Grouped) -> Table:
    """Return every notable trait of every segment."""
    columns = [Column("segment", "Segment"), *TRAIT_COLUMNS]
    rows = [
        [link_to(segment), *trait_row(trait)]
        for segment in of.segmentation.segments
        for trait in of.profile(segment).traits
    ]
    none = "No segment differs notably from all accounts in anything that is known."
    return Table("profiles", "Traits beside all accounts, 95 % interval", columns, rows, none)


TRAIT_COLUMNS = (
    Column("trait", "Trait"),
    Column("own", "Of it (counted)"),
    Column("whole", "Of all (counted)"),
    Column("effect", "Difference, standard deviations", "number"),
    Column("low", "From", "number"),
    Column("high", "To", "number"),
    Column("n", "Accounts", "number"),
)


def trait_row(trait: Trait) -> list[Cell | Link]:
    """Return a trait as a table has it; medians, or shares where it is a level of a category."""
    of_both = (trait.own, trait.whole)
    own, whole = (f"{one:.1%}" if trait.level is not None else f"{one:,.4g} {trait.unit}".strip() for one in of_both)
    return [_trait_in_words(trait), own, whole, trait.effect, trait.low, trait.high, trait.n]


def trait_bars(traits: Sequence[Trait]) -> list[Bar]:
    """Return the most striking traits as a picture has them."""
    return [Bar(_trait_in_words(one), one.effect, one.low, one.high) for one in traits[:MOST_TRAITS]]


def by_outcome(of: Grouped) -> Iterator[Block]:
    """Yield for churn, revenue and experience how the segments fare, beside all accounts."""
    found = list(outcomes(of))
    for place, (what, told) in enumerate(found):
        times, unit = (100, "% of account-dates") if told[0][1].unit == "share" else (1, told[0][1].unit)
        bars = [Bar(called(segment), times * one.value, times * one.low, times * one.high) for segment, one in told]
        whole = times * told[0][1].whole
        most = max(told, key=lambda pair: pair[1].value)
        says = f"Most in {called(most[0])}; the dotted line is the mean of all accounts, {whole:,.1f} {unit}."
        title = f"{what[:1].upper()}{what[1:]} (counted)"
        rows: list[Sequence[Cell | Link]] = [
            [link_to(segment), one.value, one.low, one.high, one.whole, one.n] for segment, one in told
        ]
        unit_of_cells = "share" if times == 100 else ""
        columns = [
            Column("segment", "Segment"),
            *(Column(name, words, "number", unit_of_cells) for name, words in NUMBERS),
            Column("n", "Accounts", "number"),
        ]
        name = f"outcome-{place + 1}"
        table = Table(name, f"{title}, {unit}, 95 % interval", columns, rows)
        yield forest(Heading(name, title, says), bars, f"{what}, {unit}", table, whole)
    if not found:
        yield Note("Of no segment enough is known to tell of churn, revenue or experience.", "refused")


NUMBERS = (("value", "Mean"), ("low", "From"), ("high", "To"), ("whole", "Of all"))


def shifts(of: Grouped) -> tuple[list[Block], str]:
    """Return who moved from month to month and from release to release, and whether the segments' shares shifted."""
    blocks: list[Block] = []
    for moved in (of.portrait.months, of.portrait.releases):
        if moved:
            blocks += [migration(of, moved), *(Note(as_sentence(one)) for one in moved.sentences)]
    if of.portrait.drift:
        blocks += [_drift(of, of.portrait.drift), Note(as_sentence(of.portrait.drift.sentence))]
    return blocks or [Note(NEITHER_MOVED, "refused")], "Counted: from month to month, and since the release before."


def migration(of: Grouped, moved: Migration) -> Chart:
    """Return who went from where to where."""
    name = f"moves-{moved.between}"
    sources, targets = ([of.called(one) for one in ids] for ids in (moved.sources, moved.targets))
    n = sum(map(sum, moved.counts))
    if moved.between == "months":
        title, says = "From month to month", f"{moved.since} to {moved.until}: {n:,} account-months"
    else:
        title, says = "Since the release before", f"{n:,} accounts by the segments of {moved.since} and by these"
    heading = Heading(name, f"{title} (counted)", f"{says}; the wider a band, the more accounts.")
    return sankey(heading, sources, targets, moved.counts, moves_table(name, sources, targets, moved))


def moves_table(name: str, sources: Sequence[str], targets: Sequence[str], moved: Migration) -> Table:
    """Return each way that somebody went."""
    columns = [
        Column("source", "From"),
        Column("target", "To"),
        Column("n", "Times (counted)", "number"),
        Column("share", "Of those that were there", "number", "share"),
    ]
    rows: list[Sequence[Cell | Link]] = [
        [source, target, n, n / sum(line)]
        for source, line in zip(sources, moved.counts, strict=True)
        for target, n in zip(targets, line, strict=True)
        if n
    ]
    return Table(name, "Who went where", columns, rows, "Nobody has a place at both ends.")


def _drift(of: Grouped, drift: Drift) -> Chart:
    parts = [of.called(one) for one in drift.ids]
    columns = [
        Column("date", "Date", "date"),
        *(
            Column(place_id, part, "number", "share")
            for place_id, part in zip((*drift.ids, "unlike"), (*parts, "Like none"), strict=True)
        ),
        Column("n", "Accounts", "number"),
    ]
    lines = zip(drift.dates, drift.shares, drift.unlike, drift.n, strict=True)
    rows: list[Sequence[Cell | Link]] = [[date, *line, unlike, n] for date, line, unlike, n in lines]
    table = Table("drift", "Shares of the accounts by date (counted)", columns, rows)
    says = f"Shares of {drift.n[-1]:,} accounts at the last date; the population stability index is {drift.psi:.2f}."
    return shares(
        Heading("drift", "How large each segment was (counted)", says), drift.dates, parts, drift.shares, table
    )


def unanswered(of: Grouped) -> list[Block]:
    """Return what is said of the accounts that never answered; nothing where all did."""
    never = of.portrait.unanswered
    if never is None:
        return []
    worth = "" if never.effective_n is None else f"Worth {never.effective_n:,.0f} once weighted to all."
    share = Shown(
        "Answered",
        never.n_answered / max(never.n_accounts, 1),
        "share",
        rests_on=rests_on(0, never.n_accounts),
        sentence=worth,
    )
    blocks: list[Block] = [Figures([share]), Note(f"The others are {never.why}.")]
    segments = of.segmentation.segments
    rows: list[Sequence[Cell | Link]] = [
        [link_to(segment), *_share_row(one)] for segment, one in zip(segments, never.shares, strict=False)
    ]
    return [
        *blocks,
        Table("unanswered", "How large segments are among all", SHARE_COLUMNS, rows, as_sentence(never.why)),
    ]


SHARE_COLUMNS = (
    Column("segment", "Segment"),
    *(
        Column(name, title, "number", "share")
        for name, title in (
            ("answered", "Of those that answered (counted)"),
            ("corrected", "Of all, corrected (assumed)"),
            ("low", "From"),
            ("high", "To"),
            ("at_least", "At least, whatever decides"),
            ("at_most", "At most"),
        )
    ),
)


def _share_row(one: Share) -> list[float]:
    return [one.answered, one.corrected, one.low, one.high, one.at_least, one.at_most]
