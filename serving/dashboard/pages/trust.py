"""How far the release is to be trusted: quality on rows it had not seen, its gate, its card, its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serving.dashboard.blocks import Block, Note, Page, Section
from serving.dashboard.board import Board
from serving.dashboard.table import Cell, Column, Table

WORDS = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "log_loss": "Log loss (lower is better)",
    "brier": "Brier score (lower is better)",
    "ece": "Calibration error (share)",
    "lift": "Lift, tenth most at risk (times)",
}


def trust(board: Board, _: Mapping[str, str]) -> Page:
    """Return the page."""
    sections = [
        Section("Quality on rows the model had not seen", [_quality(board.manifest.metrics)]),
        Section("The gate", list(_gate(board)), "What a release has to show before it may serve."),
    ]
    return Page("Trust", "What the numbers rest on, how well they did, and where they stop.", sections)


def _quality(metrics: Mapping[str, Any]) -> Table:
    learners = metrics.get("figures", {})
    columns = [Column("figure", "Figure"), *(Column(name.replace(" ", "_"), name.capitalize()) for name in learners)]
    rows: list[list[Cell]] = [
        [said, *(_interval(found.get(name)) for found in learners.values())] for name, said in WORDS.items()
    ]
    note = f"Held out: {metrics['sentence']}. In brackets 95 % intervals (accounts drawn anew)." if learners else ""
    counts = f"{metrics.get('n_rows', 0):,} rows of {metrics.get('n_accounts', 0):,} accounts"
    return Table("quality", f"Model beside baselines, on {counts}", columns, rows if learners else [], note=note)


def _interval(found: Mapping[str, float] | None) -> str | None:
    if not found or found.get("value") is None:
        return None
    low, high = found.get("low"), found.get("high")
    ends = "" if low is None or high is None or low != low else f" ({low:.3f} to {high:.3f})"
    return f"{found['value']:.3f}{ends}"


def _gate(board: Board) -> Iterator[Block]:
    gate = board.manifest.gate
    yield Note("Passed." if gate.passed else "Not passed: it serves because somebody decided so.")
    for sentence in gate.sentences:
        yield Note(f"{sentence[:1].upper()}{sentence[1:]}", "caution" if sentence in gate.refused_for else "plain")
