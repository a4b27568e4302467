"""Why the model says what it says of one account: from where every account starts to its own probability."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from pipelines.churn.wording import said
from serving.dashboard.blocks import Chart
from serving.dashboard.numbers import in_words
from serving.dashboard.table import Cell, Column, Table
from serving.payloads import Prediction, ReasonGiven

LINE, ROW_PIXELS = 50, 80
PROBS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
MOST_TICKS = 6


class Step(NamedTuple):
    """What one bar shows: from where to where in log-odds, in words."""

    words: str
    begin: float
    end: float


def reasons(found: Prediction) -> Chart:
    """Return the waterfall of a prediction with reasons: they add up, and none is a cause."""
    given = found.reasons or []
    adds = [reason.contribution_log_odds for reason in given] + [found.other_log_odds or 0.0]
    ends = list(accumulate(adds, initial=found.base_log_odds))
    words = [reason.text.replace(" the predicted risk", " it") for reason in given] + ["All other features together"]
    steps = [Step(*one) for one in zip(words, ends, ends[1:], strict=False)]
    places = [0, *range(1, len(steps) + 1), len(steps) + 1]
    start, end = _prob(found.base_log_odds), found.churn_prob
    labels = [f"Where every account starts: {in_words(start, 'share')}", *(step.words for step in steps)]
    labels.append(f"This account: {in_words(end, 'share')}")
    return Chart(
        "reasons",
        "Why the model says so",
        f"From {in_words(start, 'share')}, where every account starts, to {in_words(end, 'share')}; bars to the right "
        "raise the predicted risk, bars to the left lower it.",
        [_bars(steps), _ends(found.base_log_odds, found.log_odds, places[-1])],
        _table(found, given),
        _layout(labels, ends),
        ROW_PIXELS * len(labels) + 40,
    )


def _bars(steps: Sequence[Step]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "y": list(range(1, len(steps) + 1)),
        "base": [step.begin for step in steps],
        "x": [step.end - step.begin for step in steps],
        "width": 0.22,
        "marker": {"color": ["--high-end" if step.end > step.begin else "--low-end" for step in steps]},
        "hovertext": [html.escape(step.words) for step in steps],
        "hoverinfo": "text",
    }


def _ends(begin: float, end: float, last: int) -> dict[str, Any]:
    marker = {"color": ["--faint", "--predicted"], "size": 12, "symbol": "diamond"}
    return {"type": "scatter", "mode": "markers", "y": [0, last], "x": [begin, end], "marker": marker} | {
        "hoverinfo": "skip"
    }


def _layout(labels: Sequence[str], ends: Sequence[float]) -> dict[str, Any]:
    room = 0.08 * (max(ends) - min(ends)) or 0.5
    span = [min(ends) - room, max(ends) + room]
    return {
        "xaxis": {
            "range": span,
            **_ticks(span),
            "zeroline": False,
            "title": {"text": "Probability of churn (predicted)"},
        },
        "yaxis": {"range": [len(labels) - 0.6, -0.6], "visible": False},
        "annotations": [_label(label, place) for place, label in enumerate(labels)],
        "margin": {"l": 4, "r": 4, "t": 4, "b": 48},
        "bargap": 0.5,
    }


def _ticks(span: Sequence[float]) -> dict[str, Any]:
    """Ticks at round probabilities, on an axis on which contributions add up."""
    inside = [prob for prob in PROBS if span[0] <= _log_odds(prob) <= span[1]]
    some = inside[:: -(-len(inside) // MOST_TICKS)] if inside else []
    return {"tickvals": [_log_odds(prob) for prob in some], "ticktext": [in_words(prob, "share") for prob in some]}


def _label(words: str, place: int) -> dict[str, Any]:
    """Words above their bar, so that there is room for both on a narrow screen."""
    text = "<br>".join(html.escape(line, quote=False) for line in textwrap.wrap(words, LINE))
    around = {"xref": "paper", "x": 0, "xanchor": "left", "align": "left", "showarrow": False}
    return {**around, "y": place - 0.18, "yanchor": "bottom", "text": text, "font": {"size": 12}}


def _table(found: Prediction, given: Sequence[ReasonGiven]) -> Table:
    columns = [
        Column("feature", "What the model looked at"),
        Column("value", "This account"),
        Column("usual", "Usual"),
        Column("usual_in_segment", "Usual in its segment"),
        Column("points", "Alone, points of risk (predicted)", "number"),
        Column("log_odds", "Adds to the log-odds", "number"),
    ]
    rows: list[list[Cell]] = [["Where every account starts", None, None, None, None, found.base_log_odds]]
    rows += [_row(reason) for reason in given]
    rows.append(["All other features together", None, None, None, None, found.other_log_odds])
    rows.append(["This account", None, None, None, None, found.log_odds])
    note = "Log-odds add up; points are the prediction less that without the feature, and do not."
    return Table("reasons", "Reasons, the weightiest first", columns, rows, note=note)


def _row(reason: ReasonGiven) -> list[Cell]:
    here, usual, beside = (
        None if value is None else said(value if isinstance(value, str) else float(value), reason.unit)
        for value in (reason.value, reason.usual, reason.usual_in_segment)
    )
    subject = reason.sentence.removesuffix(f" ({reason.unit})")
    return [subject, here or "not known", usual, beside, round(reason.points, 2), reason.contribution_log_odds]


def _log_odds(prob: float) -> float:
    return math.log(prob / (1 - prob))


def _prob(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
