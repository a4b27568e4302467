"""What is happening, what it costs, and how far that is to be trusted: the first page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from serving.dashboard.addresses import address
from serving.dashboard.blocks import Block, Figures, Note, Page, Section
from serving.dashboard.board import Board
from serving.dashboard.drivers_found import DriverFigures, drivers_of
from serving.dashboard.numbers import moment
from serving.dashboard.scored import Z95, Totals, totals
from serving.dashboard.shown import Shown, rests_on
from serving.dashboard.table import Column, Link, Table
from serving.dashboard.words import as_sentence
from serving.dashboard.worsened import worsened
from serving.store import Store

MOST_DRIVERS, MOST_SCORES, MOST_SEGMENTS = 3, 4, 3
NOBODY = "No account is scored in the store yet: run `perennial materialize`."


def overview(board: Board, _: Mapping[str, str]) -> Page:
    """Return the page."""
    sections = [
        Section("Where we stand", list(_standing(board))),
        Section("What costs most", list(_costs(board)), "Experiences that cause churn, by how many they cost."),
        Section("What accounts say", list(_says(board)), "Of those who answered; what is normal is on the page."),
        Section("Who looks worse", [_worse(board)], "Segments of which more churn is predicted than was counted."),
        Section("What changed", list(_changes(board)), "Against the release that served before."),
        Section("How far to trust this", [trust_line(board)]),
    ]
    lead = "Whom we are about to lose, what it costs, and which experiences cause it."
    return Page("Overview", lead, sections)


def _standing(board: Board) -> Iterator[Block]:
    found = _totals(board.store)
    manifest = board.manifest
    past = Shown(
        f"Churn within {manifest.horizon_days} days, in the past",
        manifest.churn_rate,
        "share",
        rests_on=f"{manifest.n_rows:,} account-dates, {manifest.n_accounts:,} accounts",
        sentence="Share of account-dates that churned within the horizon.",
        term="churn",
    )
    if found is None or not found.n_accounts:
        yield Figures([past])
        yield Note(NOBODY)
        return
    yield Figures([*_of_accounts(found, board), past])


def _of_accounts(found: Totals, board: Board) -> Iterator[Shown]:
    n = rests_on(0, found.n_accounts)
    yield Shown("Customers", found.n_accounts, rests_on=f"as of {moment(found.since)}", sentence="Scored.")
    yield Shown(
        "Expected to leave",
        round(found.churners, 1),
        "accounts",
        "predicted",
        max(found.churners - Z95 * found.churners_sd, 0.0),
        found.churners + Z95 * found.churners_sd,
        n,
        f"Within {board.manifest.horizon_days} days. The interval is chance alone: that the level moves is not in it.",
        "churn-prob",
    )
    yield Shown(
        "Revenue at risk",
        found.value if found.n_valued else float("nan"),
        "money",
        "predicted",
        max(found.value - Z95 * found.value_sd, 0.0),
        found.value + Z95 * found.value_sd,
        rests_on(0, found.n_valued),
        f"Margin expected to be lost in the {board.manifest.terms.value_days} days ahead."
        if found.n_valued
        else "No revenue column is known, so nothing is told.",
        "value-at-risk",
    )
    yield Shown(
        "At high risk",
        found.n_by_tier.get("high", 0),
        "accounts",
        "predicted",
        rests_on=n,
        sentence=f"A probability of {board.manifest.tiers.high_prob:.1%} or more.",
        term="tier",
    )


def _totals(store: Store | None) -> Totals | None:
    if store is None:
        return None
    with store.snapshot() as connection:
        return totals(connection)


def _costs(board: Board) -> Iterator[Block]:
    drivers, others = drivers_of(board.release)
    causes = [one for one in drivers if one.about["verdict"] == "cause"]
    costly = sorted(causes, key=_saved, reverse=True)[:MOST_DRIVERS]
    columns = [
        Column("driver", "Experience"),
        Column("contrast", "Compared"),
        Column("effect", "Effect (caused), points", "number"),
        Column("interval", "95 % interval"),
        Column("saved", "Churners it costs (caused)", "number"),
        Column("saved_interval", "95 % interval"),
        Column("n", "Rests on"),
    ]
    rows = [_row(one) for one in costly]
    why = others[0].sentence if others and not drivers else "No experience was found to cause churn."
    yield Table("costly-drivers", "The experiences that cost most", columns, rows, empty=why)
    yield Note(
        "What else was looked at, and what was refused, is on", href=address("drivers"), link="the drivers' page"
    )


def _saved(driver: DriverFigures) -> float:
    found = driver.figure("churners saved")
    return found.value if found and found.is_told else 0.0


def _row(driver: DriverFigures) -> list[float | str | Link | None]:
    effect, saved = driver.figure("effect"), driver.figure("churners saved")
    return [
        Link(str(driver.about["experience"]), address("drivers", driver=driver.name)),
        str(driver.about["contrast"]),
        effect.value if effect else None,
        _ends(effect),
        saved.value if saved else None,
        _ends(saved),
        effect.rests_on if effect else "",
    ]


def _ends(shown: Shown | None) -> str | None:
    return f"{shown.low:+.1f} to {shown.high:+.1f}" if shown and shown.has_interval else None


def _says(board: Board) -> Iterator[Block]:
    told = board.release.programme.experience
    shown = [
        Shown.of_found(one, f"{one.figure.upper()}, {one.group} survey", one.figure)
        for one in told.found
        if one.topic == "survey metrics" and one.group_by == "survey_type" and one.verdict != "refused"
    ]
    if shown:
        yield Figures(shown[:MOST_SCORES])
    else:
        yield Note(as_sentence(told.why_not or "nobody was asked, or too few answered"), "refused")
    alarms = [one for one in told.found if one.topic == "normal band" and one.verdict == "found"]
    for one in alarms[:MOST_SCORES]:
        yield Note(as_sentence(f"{one.figure} at {one.group}: {one.sentence}"), "caution")
    if shown and not alarms:
        yield Note(
            "The last months lie within their normal bands.", href=address("experience"), link="All of experience"
        )


def _worse(board: Board) -> Table:
    columns = [
        Column("segment", "Segment"),
        Column("segmentation", "By"),
        Column("counted", "Churn in the past (counted)", "number", "share"),
        Column("predicted", "Churn ahead (predicted)", "number", "share"),
        Column("change", "Apart, points", "number"),
        Column("interval", "95 % interval"),
        Column("n_accounts", "Accounts", "number"),
    ]
    rows = [one.row() for one in worsened(board)[:MOST_SEGMENTS]]
    return Table(
        "worsened", "Segments that look worse than they were", columns, rows,
        "Of no segment is more churn predicted than was counted.",
        "The interval counts how sure the past is, and chance among the accounts of now.",
    )  # fmt: skip


def _changes(board: Board) -> Iterator[Block]:
    moved = [one for portrait in board.release.portraits.values() if (one := portrait.releases)]
    said = [words for one in moved for words in one.sentences]
    said += [words for words in board.manifest.gate.sentences if "champion" in words]
    if not said:
        yield Note("This is the first release: there is nothing to compare with.")
    for words in said:
        yield Note(as_sentence(words))


def trust_line(board: Board) -> Note:
    """Return in a line as of when, by which release, and how well its probabilities meant what they said."""
    manifest = board.manifest
    error = manifest.metrics.get("figures", {}).get("model", {}).get("ece", {}).get("value")
    off = "" if error is None else f"; probabilities were off by {100 * error:.1f} points on rows held out (counted)"
    said = "passed" if manifest.gate.passed else "did not pass"
    text = f"Release {manifest.version}, known before {manifest.as_of or 'no date'}; its gate {said}{off}."
    return Note(text, "plain" if manifest.gate.passed else "caution", address("trust"), "More on trust")
