"""One account: how likely it leaves and why the model says so, what would help, what happened, who is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from features.rules import Row
from serving.dashboard.account_help import Helps, help_table, helps
from serving.dashboard.account_known import Known, known
from serving.dashboard.account_people import people
from serving.dashboard.account_timeline import MOST, happened, of_scores
from serving.dashboard.addresses import address
from serving.dashboard.blocks import Block, Figures, Note, Page, Section, Timeline
from serving.dashboard.board import Board
from serving.dashboard.charts.reasons import reasons
from serving.dashboard.charts.retention import retention
from serving.dashboard.numbers import in_words
from serving.dashboard.shown import Shown
from serving.dashboard.table import Cell, Column, Table
from serving.payloads import Prediction

NO_CUSTOMER = (
    "This account has no score: by the definition of churn it is no customer now, or its features have not been "
    "computed yet. What is known of it is below."
)
UNREADABLE = "This account has no score: its features do not fit the release that serves. Score again."
NO_CURVE = "This release has no retention curve: its data have no dates, or too few accounts left to learn one."
PREDICTS = (
    "Reasons say why the model says so. They predict, and do not cause: to change what they speak of need not change "
    "what happens. What would is below."
)
CAUSED = (
    "Effects are estimates of what changed churn in groups of accounts that had the experience bad. They are not of "
    "this account: how much it would gain itself is not known."
)


def account(board: Board, account_id: str) -> Page:
    """Return the page of an account.

    Raises
    ------
    Refusal
        When it is not known.
    """
    found = known(board, account_id)
    until = _instant(found)
    sections = [
        *_predicted(found),
        *_would_help(board, found),
        Section("What happened", list(_history(found, until)), beside=[people(found.rows, until), _done(found.rows)]),
    ]
    return Page(found.title, _lead(board, found), sections)


def _instant(found: Known) -> datetime | None:
    """What came before it is told; None where no score says as of when."""
    as_of = found.row.as_of if found.row else None
    return datetime.fromisoformat(as_of) if as_of else None


def _lead(board: Board, found: Known) -> str:
    about = [part for part in (found.about.industry, found.about.plan) if part]
    own = [f"looked after by {found.about.owner}"] * bool(found.about.owner)
    who = ", ".join([found.account_id, *about, *own])
    said = found.prediction
    if said is None:
        return f"{who}."
    risk = f"{said.tier.capitalize()} risk: {in_words(said.churn_prob, 'share')} likely to leave"
    return f"{who}. {risk} within {board.manifest.horizon_days} days, as of {(said.as_of or 'no date')[:16]}."


def _predicted(found: Known) -> Iterator[Section]:
    said = found.prediction
    if said is None:
        yield Section("", [Note(UNREADABLE if found.row else NO_CUSTOMER, "refused")])
        return
    cautions = [Note(f"{one.message[:1].upper()}{one.message[1:]}.", "caution") for one in said.warnings]
    yield Section("How likely it leaves", [Figures(list(_figures(found, said))), *cautions])
    ahead: Block = retention(said, said.ahead) if said.ahead else Note(NO_CURVE, "refused")
    yield Section("Why, and how long", [Note(PREDICTS, "predicts"), reasons(said)], beside=[ahead, _segments(said)])


def _figures(found: Known, said: Prediction) -> Iterator[Shown]:
    more = f"More at risk than {min(int(said.percentile), 99)} of 100 accounts when the release was made."
    yield Shown(
        f"Leaves within {said.horizon_days} days",
        said.churn_prob,
        "share",
        "predicted",
        said.churn_prob_low,
        said.churn_prob_high,
        "this account; 90 % interval",
        f"{said.tier.capitalize()} risk. {more}",
        "churn-prob",
    )
    yield _change(found)
    yield _value(said)
    if said.ahead:
        ways = sorted(said.ahead.ways.items(), key=lambda way: -way[1])
        told = "; ".join(f"{way} {in_words(prob, 'share')}" for way, prob in ways)
        yield _life(said.ahead.median_life_days, told)


def _change(found: Known) -> Shown:
    label, row = "Change since an earlier month", found.listed
    if row is None or row.change is None:
        return Shown.refused(label, "No score of an earlier month is kept.")
    was = f"It was {in_words(row.former_prob, 'share')}, {row.former_tier} risk"
    by = "" if row.former_release == row.release else f", by another release ({row.former_release})"
    return Shown(label, 100 * row.change, "points", "predicted", sentence=f"{was}, on {row.former_as_of[:10]}{by}.")


def _value(said: Prediction) -> Shown:
    label = "Value at risk"
    if said.ahead is None or said.ahead.value_at_risk is None:
        return Shown.refused(label, "Its revenue is not known.", "value-at-risk")
    sentence = f"Margin expected to be lost in the {said.ahead.value_days} days ahead; it has no interval."
    return Shown(label, said.ahead.value_at_risk, "money", "predicted", sentence=sentence, term="value-at-risk")


def _life(days: float | None, ways: str) -> Shown:
    label = "As likely gone as not after"
    told = f"If it leaves within the horizon: {ways} (predicted)." if ways else ""
    if days is None:
        return Shown.refused(label, f"Beyond the end of the curve. {told}".strip())
    return Shown(label, round(days), "days", "predicted", sentence=f"Median remaining life; no interval. {told}")


def _segments(said: Prediction) -> Table:
    columns = [
        Column("segmentation", "Segmentation"),
        Column("segment", "Segment"),
        Column("probability", "Belongs to it (predicted)", "meter"),
        Column("note", "Note"),
    ]
    rows: list[list[Cell]] = []
    for name, place in said.segments.items():
        if place is None:
            rows.append([name.capitalize(), None, None, "its place is not known"])
            continue
        notes = ["predicted, it never answered"] * place.is_inferred + ["unlike all segments"] * (not place.fits)
        rows.append([name.capitalize(), place.name, place.probability, "; ".join(notes)])
    return Table("segments", "Where it belongs", columns, rows)


def _would_help(board: Board, found: Known) -> Iterator[Section]:
    if found.row is None:
        return
    segments = found.prediction.segments if found.prediction else None
    told = helps(board.release, found.row.values, segments)
    lead = "Experiences that were found to cause churn, and that it has bad today."
    yield Section("What would help most", list(_help_blocks(told)), lead)


def _help_blocks(told: Helps) -> Iterator[Block]:
    if told.bad:
        yield Note(CAUSED)
    yield help_table(told)
    if told.unknown:
        yield Note(f"Not known of this account: {'; '.join(told.unknown)}.")
    yield Note("All experiences that were looked at are on", href=address("drivers"), link="the drivers' page")


def _history(found: Known, until: datetime | None) -> Iterator[Block]:
    moments = happened(found.rows, until)
    if found.listed is not None:
        moments = sorted([*moments, *of_scores(found.listed)], key=lambda one: one.at, reverse=True)
    yield Timeline("timeline", [one.moment for one in moments[:MOST]])
    if len(moments) > MOST:
        yield Note(f"The latest {MOST}; {len(moments) - MOST:,} earlier moments are not shown.")


def _done(rows: Mapping[str, list[Row]]) -> Table:
    columns = [
        Column("decided", "Decided", "date"),
        Column("kind", "What"),
        Column("by", "By"),
        Column("delivered", "Done", "date"),
        Column("cost", "Cost (counted)", "money"),
    ]
    latest = sorted(rows.get("interventions", ()), key=lambda row: row["assigned_at"], reverse=True)
    empty = "Nothing was done to keep it, as far as the tables tell."
    note = "Whether it helped cannot be told from one account."
    return Table("interventions", "What was done to keep it", columns, [_deed(row) for row in latest], empty, note)


def _deed(row: Row) -> list[Cell]:
    delivered = row.get("delivered_at")
    held_out = "withheld, to compare" if row.get("is_holdout") else None
    done = f"{delivered:%Y-%m-%d}" if delivered else held_out or "not done"
    return [
        f"{row['assigned_at']:%Y-%m-%d}",
        row["kind"].replace("_", " "),
        row.get("assigned_by"),
        done,
        row.get("cost"),
    ]
