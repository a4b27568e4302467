"""Which experiences cause churn, beside what predictions rest on, which is not the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipelines.drivers.plain import BOUND
from pipelines.release import Release
from serving.dashboard.addresses import address
from serving.dashboard.asked import known
from serving.dashboard.blocks import Block, Choice, Figures, Form, Note, Page, Section
from serving.dashboard.board import Board
from serving.dashboard.drivers_found import DriverFigures, drivers_of, pains_of
from serving.dashboard.effects_told import Whom, effect_blocks, groupings
from serving.dashboard.pages.driver_checks import not_told, penalties, places, sensitivity
from serving.dashboard.pages.one_driver import every_figure, one_driver
from serving.dashboard.pages.what_if import what_if
from serving.dashboard.ranking_told import ranking_blocks
from serving.dashboard.shown import Shown

ASKS = ("segmentation", "segment", "touchpoint", "family", "tier", "driver", "to", "who")
NONE = "No effect is told: the release holds no drivers."


def drivers(board: Board, asked: Mapping[str, str]) -> Page:
    """Return the page.

    Raises
    ------
    Refusal
        When a driver, a group, a level or a place is asked for that is not there.
    """
    found, others = drivers_of(board.release)
    whom, chosen = Whom.of(found, asked), list(_chosen(found, asked))
    one = known(asked, "driver", [driver.name for driver in found])
    causes = Section(
        f"What causes churn{whom.in_words}",
        [*effect_blocks(chosen, whom, _why_none(found, others)), *_bound(others, whom)],
        "How many percentage points likelier churn is for those who had it bad than had they had it good.",
        beside=ranking_blocks(board.release.ranking, asked),
    )
    slider = what_if(board.release, found, asked)
    own = [(one_driver(driver), every_figure(driver)) for driver in found if driver.name == one]
    first = [part for about, figures in own for part in (about, slider, figures)]
    page = [
        Section("", [_filters(found, asked, whom)]),
        *first,
        causes,
        *([] if first else [slider]),
        *(_checks(chosen, whom, board.release, asked.get("touchpoint", "")) if found else ()),
    ]
    lead = "Which experiences cause churn, how sure that is, and what a better one would save."
    return Page("Drivers", lead, page)


def _checks(chosen: Sequence[DriverFigures], whom: Whom, release: Release, touchpoint: str) -> Iterator[Section]:
    lead = "What speaks against an effect, and what cannot be told."
    more = Note(
        "What is asked of an effect:", href=f"{address('definitions')}#term-sensitivity", link="sensitivity and overlap"
    )
    blocks = [sensitivity(chosen), *penalties(chosen), not_told(chosen, whom), more]
    yield Section("How sure", blocks, lead, anchor="how-sure")
    yield places(chosen, pains_of(release), touchpoint)


def _chosen(found: Sequence[DriverFigures], asked: Mapping[str, str]) -> Iterator[DriverFigures]:
    """The drivers that the filters leave."""
    touchpoint = known(asked, "touchpoint", [driver.touchpoint for driver in found])
    by_what = {name: known(asked, name, {str(driver.about[name]) for driver in found}) for name in ("family", "tier")}
    for driver in found:
        if touchpoint in ("", driver.touchpoint) and all(
            value in ("", driver.about[name]) for name, value in by_what.items()
        ):
            yield driver


def _filters(found: Sequence[DriverFigures], asked: Mapping[str, str], whom: Whom) -> Form:
    groups = groupings(found)
    fields = [
        Choice("segmentation", "Accounts by", _options("all together", groups), whom.segmentation),
        Choice("segment", "Of whom", _options("all of them", groups.get(whom.segmentation, ())), whom.segment),
        *(
            Choice(name, label, _options(f"every {label.lower()}", values), asked.get(name, ""))
            for name, label, values in (
                ("touchpoint", "Touchpoint", [driver.touchpoint for driver in found]),
                ("family", "Family", [str(driver.about["family"]) for driver in found]),
                ("tier", "Tier", [str(driver.about["tier"]) for driver in found]),
            )
        ),
    ]
    kept = [(name, asked[name]) for name in ("driver", "to", "who") if name in asked]
    return Form("Which effects are shown", [field for field in fields if len(field.options) > 1], kept=kept)


def _options(none: str, values: Sequence[str] | Mapping[str, object]) -> list[tuple[str, str]]:
    return [("", none), *((value, value) for value in sorted({*values}) if value)]


def _bound(others: Sequence[Shown], whom: Whom) -> Iterator[Block]:
    """How much of all churn is the company's to move, which is told of everyone only."""
    bound = [figure for figure in others if figure.label == BOUND]
    if bound and not whom.segmentation:
        told = bound[0]
        yield Figures(
            [
                Shown(
                    "The company's to move", told.value, "%", told.basis, told.low, told.high, told.rests_on,
                    f"Of the churners expected within the horizon. {told.sentence[:1].upper()}{told.sentence[1:]}.",
                    "controllable-bound",
                )
            ]
        )  # fmt: skip


def _why_none(found: Sequence[DriverFigures], others: Sequence[Shown]) -> Note:
    """Why there is no effect at all, or why none is left."""
    if found:
        return Note("None of the effects that are told is of what the filters ask for.")
    why = next((figure.sentence for figure in others if figure.sentence), "")
    return Note(f"No effect can be told: {why}." if why else NONE, "refused")
