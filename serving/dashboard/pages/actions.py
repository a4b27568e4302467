"""Whom to help today, with what, and what is known of each action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from features.errors import DataError
from pipelines.experience.found import Found
from pipelines.experience.told import Told
from serving.actions import ALERTS, ASKS, GROWTH, RUN, SPARED, SUGGESTIONS, Run, figures_of, plain
from serving.dashboard.addresses import address
from serving.dashboard.asked import known
from serving.dashboard.blocks import Choice, Figures, Form, Note, Page, Section
from serving.dashboard.board import Board
from serving.dashboard.shown import Shown, rests_on
from serving.dashboard.table import Cell, Column, Link, Table
from serving.dashboard.topics import Question, answered
from serving.dashboard.words import as_sentence

if TYPE_CHECKING:
    import pandas as pd

ASKS_FOR = ("owner",)
MOST_ROWS = 100
DO, KEY = "do", "key"
LEAD = "Whom to help with what, whom to leave alone, and what is known of each action."
COLUMNS = (
    Column("account_id", "Account"),
    Column("owner", "Owner"),
    Column("action", "Action"),
    Column("due", "By", "date"),
    Column("points", "Churn saved, points (known as the evidence says)", "number"),
    Column("low", "At least", "number"),
    Column("high", "At most", "number"),
    Column("worth", "What hangs on it (predicted)", "money"),
    Column("cost", "Cost (assumed)", "money"),
    Column("expected_value", "Expected value", "money"),
    Column("evidence", "Evidence"),
    Column("why", "Why", "sentence"),
)
UNKNOWN = "Not known yet"
EXPERIMENTS = "Experiments, and what worked"
EXPERIMENT = (
    Column("experiment", "Experiment"),
    Column("says", "It"),
    Column("kind", "Action"),
    Column("points", "Churn saved, points (caused)", "number"),
    Column("low", "At least", "number"),
    Column("high", "At most", "number"),
    Column("n_accounts", "Accounts read", "number"),
    Column("n_helped", "Helped", "number"),
    Column("n_not", "Not helped", "number"),
    Column("detectable_points", "Finds with 80 %, points", "number"),
    Column("planned", "Planned", "date"),
    Column("assigned", "Drawn", "date"),
    Column("read", "Last read", "date"),
)


def actions(board: Board, asked: Mapping[str, str]) -> Page:
    """Return the page.

    Raises
    ------
    Refusal
        When an owner is asked for that there is none of.
    """
    run = None if board.actions is None else board.actions.latest()
    if run is None or SUGGESTIONS not in run.frames:
        return Page("Actions", LEAD, [Section("", [Note(as_sentence(RUN), "refused")]), _experiments(board)])
    rows = run.frames[SUGGESTIONS]
    owners = sorted(rows["owner"].dropna().astype(str).unique())
    owner = known(asked, "owner", owners)
    mine = rows[rows["owner"] == owner] if owner else rows
    form = Form(
        "Whose accounts", [Choice("owner", "Owner", [("", "Everyone"), *((one, one) for one in owners)], owner)]
    )
    sections = [
        Section("What to do", [form, _counts(mine), _to_do(mine)], f"Suggested {run.made[:10]}, by what it brings."),
        Section("When something happened", [_frame_table(run, ALERTS, owner)], "Playbooks: by whom and until when."),
        Section("Leave alone", [_spared(run)], "Accounts that an action probably harms (80 %)."),
        _experiments(board),
        *_known(run),
        Section("Who may grow", [_frame_table(run, GROWTH, owner)], "When nothing hurts."),
        Section("Whom to ask for a reference", [_frame_table(run, ASKS, owner)]),
    ]
    return Page("Actions", LEAD, sections)


def _counts(rows: pd.DataFrame) -> Figures:
    counts = rows["answer"].value_counts().to_dict()
    n = rests_on(0, len(rows))
    shown = [
        Shown(as_sentence(str(name)).rstrip("."), float(of), "accounts", rests_on=n) for name, of in counts.items()
    ]
    gain = float(rows.loc[rows["answer"] == DO, "expected_value"].sum())
    said = (
        "Of what is to be done: effect times what hangs on the account, less cost. It is expected, and has no interval."
    )
    return Figures([*shown, Shown("Expected value", gain, "currency", "predicted", sentence=said)])


def _to_do(rows: pd.DataFrame) -> Table:
    todo = rows[rows["answer"] == DO]
    told = [_row(one) for one in plain(todo.head(MOST_ROWS))]
    more = f"The first {MOST_ROWS} of {len(todo):,}; all of them: `perennial actions --out`." * (len(todo) > MOST_ROWS)
    empty = "Nothing is to be done: no action is known to bring more than it costs."
    return Table("to-do", "To do, the most valuable first", COLUMNS, told, empty, more)


def _row(one: Mapping[str, object]) -> list[Cell | Link]:
    told: list[Cell | Link] = [_cell(one.get(column.name)) for column in COLUMNS]
    return [_account(str(one["account_id"])), *told[1:3], str(one["due"] or "")[:10], *told[4:]]


def _spared(run: Run) -> Table:
    names = ("account_id", "action", "points", "low", "high", "evidence", "why")
    columns = [column for column in COLUMNS if column.name in names]
    rows = plain(run.frames[SPARED].head(MOST_ROWS)) if SPARED in run.frames else []
    told = [[_account(str(one["account_id"])), *(_cell(one.get(c.name)) for c in columns[1:])] for one in rows]
    return Table("spared", "Do not disturb", columns, told, "No account is known to be harmed by an action.")


def _experiments(board: Board) -> Section:
    lead = "By lot, and read as often as one likes: what worked, what did harm, and what is not settled."
    try:
        found = () if board.actions is None else board.actions.experiments()
    except DataError as problem:
        return Section(EXPERIMENTS, [Note(as_sentence(str(problem)), "refused")], lead)
    rows: list[list[Cell]] = [[getattr(one, column.name) for column in EXPERIMENT] for one in found]
    empty = "No experiment was planned yet: `perennial experiment plan` says how many accounts would tell."
    return Section(EXPERIMENTS, [Table("experiments", "Experiments", EXPERIMENT, rows, empty)], lead)


def _known(run: Run) -> Iterator[Section]:
    """What is known of each action, of the closed loop, and of what else was found: a section a topic.

    Topics of which nothing is known share one, at the end.
    """
    unknown: list[Found] = []
    for topic, group in groupby(figures_of(run), lambda one: one.topic):
        own, name = tuple(group), topic.replace("_", " ")
        if all(one.verdict == "refused" for one in own):
            unknown += [replace(one, topic=UNKNOWN, figure=f"{one.figure} of {name}") for one in own]
        else:
            yield answered(_told(own), Question(topic, as_sentence(name).rstrip(".")))
    if unknown:
        yield answered(_told(tuple(unknown)), Question(UNKNOWN, UNKNOWN))


def _told(found: tuple[Found, ...]) -> Told:
    return Told(None, found, why_not="")


def _frame_table(run: Run, name: str, owner: str) -> Table:
    """A kept table as it is: its columns are named for people already."""
    from pandas.api.types import is_numeric_dtype

    frame = run.frames.get(name)
    if frame is None:
        return Table(name, name, [], [], "Nothing is known of it.")
    own = (frame[frame["owner"] == owner] if owner and "owner" in frame else frame).drop(columns=KEY, errors="ignore")
    columns = [_column(str(one), is_number=is_numeric_dtype(own[one])) for one in own]
    rows = [
        [_account(str(value)) if key == "account_id" else _cell(value) for key, value in one.items()]
        for one in plain(own.head(MOST_ROWS))
    ]
    more = f"The first {MOST_ROWS} of {len(own):,}." * (len(own) > MOST_ROWS)
    return Table(name, as_sentence(name).rstrip("."), columns, rows, "None today.", more)


def _column(name: str, *, is_number: bool) -> Column:
    return Column(name, as_sentence(name.replace("_", " ")).rstrip("."), "number" if is_number else "text")


def _account(account_id: str) -> Link:
    return Link(account_id, address(f"accounts/{account_id}"))


def _cell(value: object) -> Cell:
    return value if value is None or isinstance(value, int | float | str) else str(value)
