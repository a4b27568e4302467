"""How far the release is to be trusted: quality on rows it had not seen, backtest, drift, its card, its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serving.dashboard.blocks import Block, Figures, Note, Page, Prose, Section
from serving.dashboard.board import Board
from serving.dashboard.charts.calibration import calibration
from serving.dashboard.shown import Shown, rests_on
from serving.dashboard.table import Cell, Column, Table
from serving.dashboard.words import as_sentence

Said = Mapping[str, Any]

WORDS = {
    "auc": "AUC (0.5 is chance)",
    "average_precision": "Average precision",
    "log_loss": "Log loss (lower is better)",
    "brier": "Brier score (lower is better)",
    "ece": "Calibration error (share)",
    "lift": "Lift, tenth most at risk (times)",
}
RUN_BACKTEST = "No backtest was run yet: `perennial backtest` judges the same training at past dates."
RUN_MONITOR = "Nobody looked for drift yet: `perennial monitor`, once a month, says whether accounts or churn changed."
NOTED = (
    Column("severity", "How grave"),
    Column("table", "Table"),
    Column("column", "Column"),
    Column("what", "What was found", "sentence"),
    Column("n", "Of", "number"),
    Column("do", "What to do", "sentence"),
)
GRAVE = ("error", "warning", "info")
NOTHING = "nothing"
"""So begins what to do about a finding that asks for nothing."""
SIGNALS = (
    Column("about", "What is watched"),
    Column("value", "Change", "number"),
    Column("low", "At least", "number"),
    Column("high", "At most", "number"),
    Column("usual", "Usual"),
    Column("unit", "Unit"),
    Column("basis", "Kind", "basis"),
    Column("n", "Accounts", "number"),
    Column("verdict", "Verdict", "verdict"),
)


def trust(board: Board, _: Mapping[str, str]) -> Page:
    """Return the page."""
    metrics = board.manifest.metrics
    sections = [
        Section("Quality", list(_quality(metrics)), "On rows the model had not seen, beside what is usually done."),
        Section("The data", [_noted(board)], "Whether there is enough of it, and what training found wrong with it."),
        Section("The gate", list(_gate(board)), "What a release has to show before it may serve."),
        Section("At past dates", list(_backtest(board.latest("backtest")))),
        Section("Drift", list(_drift(board))),
        *([Section("How accounts left", [_left(board)])] if board.manifest.departed else []),
        Section("Model card and limits", [Prose(board.card() or "The card of this release is not here.")]),
    ]
    return Page("Trust", "What the numbers rest on, how well they did, and where they stop.", sections)


def _quality(metrics: Said) -> Iterator[Block]:
    learners = metrics.get("figures", {})
    columns = [Column("figure", "Figure"), *(Column(name.replace(" ", "_"), name.capitalize()) for name in learners)]
    rows: list[list[Cell]] = [
        [said, *(_interval(found.get(name)) for found in learners.values())] for name, said in WORDS.items()
    ]
    counts = f"{metrics.get('n_rows', 0):,} rows of {metrics.get('n_accounts', 0):,} accounts"
    note = f"Held out: {metrics.get('sentence', '')}. In brackets 95 % intervals (accounts drawn anew)."
    empty = "The release does not say how well it did."
    yield Table(
        "quality", f"Model beside others (counted), on {counts}", columns, rows if learners else [], empty, note
    )
    if found := metrics.get("tenths"):
        yield calibration(found)


def _noted(board: Board) -> Table:
    found = sorted(board.manifest.noted, key=lambda one: GRAVE.index(one.severity))
    asking = [one for one in found if not one.do.startswith(NOTHING)]
    rows: list[list[Cell]] = [[getattr(one, column.name) for column in NOTED] for one in asking]
    empty = "The release does not say what was found of its data."
    rest = len(found) - len(asking)
    note = f"{rest:,} more that ask for nothing, such as columns with gaps, are in the release." * (rest > 0)
    return Table("data", "What training found of the data (counted), the gravest first", NOTED, rows, empty, note)


def _interval(found: Mapping[str, float] | None) -> str | None:
    if not found or found.get("value") is None:
        return None
    low, high = found.get("low"), found.get("high")
    ends = "" if low is None or high is None or low != low else f" ({low:.3f} to {high:.3f})"
    return f"{found['value']:.3f}{ends}"


def _gate(board: Board) -> Iterator[Block]:
    gate = board.manifest.gate
    yield Note("Passed." if gate.passed else "Not passed: it serves because somebody decided so.")
    for said in gate.sentences:
        yield Note(as_sentence(said), "caution" if said in gate.refused_for else "plain")


def _backtest(found: Said | None) -> Iterator[Block]:
    if found is None:
        yield Note(RUN_BACKTEST)
        return
    model = found["figures"].get("model", {})
    rows = rests_on(0, found["n_accounts"])
    shown = [
        Shown(said, _value(model, name), "", "counted", *_ends(model, name), rows, term=term)
        for name, said, term in (
            ("auc", "AUC", "auc"),
            ("slope", "Calibration slope (1 is right)", "calibration"),
            ("ece", "Calibration error", "calibration"),
        )
        if name in model
    ]
    yield Figures([*shown, *_seen_coming(found["warned"].get("model"))])
    yield Note(f"At {found['n_origins']} past dates: {found['judged']}; {found['n_churned']:,} rows churned.")


def _seen_coming(warned: Said | None) -> Iterator[Shown]:
    if warned is None:
        return
    green, lead = warned["false_green"], warned["lead_days"]
    n = f"{warned['n_left']:,} accounts that left"
    why = "Share of those who left that were called low risk to the last."
    yield Shown(
        "False-green rate", green["value"], "share", "counted", green["low"], green["high"], n, why, "false-green"
    )
    if lead:
        said = "Median time that churners had been called high risk before they left."
        n = f"{warned['n_warned']:,} of them"
        yield Shown("Warning time", lead["value"], "days", "counted", lead["low"], lead["high"], n, said)


def _value(figures: Said, name: str) -> float:
    value = figures[name]["value"]
    return float("nan") if value is None else float(value)


def _ends(figures: Said, name: str) -> tuple[float, float]:
    ends = figures[name].get("low"), figures[name].get("high")
    return tuple(float("nan") if end is None else float(end) for end in ends)  # type: ignore[return-value]


def _drift(board: Board) -> Iterator[Block]:
    found = board.latest("monitor")
    if found is None:
        yield Note(RUN_MONITOR)
        return
    if found["release"] != board.manifest.version:
        yield Note(f"This was found of release {found['release']}, which serves no more.", "caution")
    for said in found["sentences"]:
        yield Note(as_sentence(said), "caution" if said.startswith(("watch", "retrain")) else "plain")
    signals = [{**one, "usual": _usual(one)} for one in found["signals"]]
    rows = [[signal[column.name] for column in SIGNALS] for signal in signals]
    caption = f"What was watched, on accounts until {found['known_until']}"
    yield Table("drift", caption, SIGNALS, rows, "Nothing new since the release was made.")


def _usual(signal: Said) -> str:
    low, high = signal["usual_low"], signal["usual_high"]
    return "not known" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _left(board: Board) -> Note:
    departed = board.manifest.departed
    return Note(as_sentence(departed.sentence) if departed else "")
