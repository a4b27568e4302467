"""Numbers with their intervals one below the other, beside a line to hold them against: effects, outcomes, traits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from serving.dashboard.blocks import Chart
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.wrapped import n_lines, wrapped
from serving.dashboard.table import Table

INTERVAL = "95\u00a0%\u00a0interval"
AXIS_WIDTH = 30
AROUND, A_LINE, AT_LEAST = 105, 17, 34
"""Pixels: axis and legend, a line of a label, a row."""


@dataclass(frozen=True)
class Bar:
    """One number.

    Attributes
    ----------
    value, low, high
        NaN ends where there is no interval.
    kind
        what numbers of its sort are called; each kind has a colour (a token of the design) and a symbol, so that
        nothing hangs on colour alone.
    """

    label: str
    value: float
    low: float = math.nan
    high: float = math.nan
    kind: str = ""
    colour: str = "--counted"
    symbol: str = "circle"


def forest(heading: Heading, bars: Sequence[Bar], axis: str, table: Table, line: float | None = 0.0) -> Chart:
    """Return the picture of some numbers, the first on top.

    Parameters
    ----------
    axis
        what is measured, with its unit; that there are intervals is added.
    line
        where the line stands: at no effect, or at what is usual; None: there is none.
    """
    labels = [wrapped(bar.label) for bar in bars]
    kinds = list(dict.fromkeys((bar.kind, bar.colour, bar.symbol) for bar in bars))
    data = [_trace([(place, bar) for place, bar in enumerate(bars) if bar.kind == kind[0]], *kind) for kind in kinds]
    layout: dict[str, Any] = {
        "xaxis": {
            "title": {"text": wrapped(f"{axis} ({INTERVAL})", AXIS_WIDTH), "font": {"size": 12}},
            "zeroline": False,
            "nticks": 6,
        },
        "yaxis": {
            "tickmode": "array",
            "tickvals": list(range(len(bars))),
            "ticktext": labels,
            "tickfont": {"size": 12},
            "range": [len(bars) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": [] if line is None else [
            {"type": "line", "x0": line, "x1": line, "yref": "paper", "y0": 0, "y1": 1,
             "line": {"color": "--faint", "width": 1, "dash": "dot"}}
        ],
        "showlegend": len(kinds) > 1,
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
    }  # fmt: skip
    height = AROUND + sum(max(AT_LEAST, A_LINE * n_lines(label) + 8) for label in labels)
    return Chart(*heading, data=data, table=table, layout=layout, height=height)


def _trace(bars: Sequence[tuple[int, Bar]], kind: str, colour: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": kind,
        "x": [bar.value for _, bar in bars],
        "y": [place for place, _ in bars],
        "marker": {"color": colour, "size": 9, "symbol": symbol},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_reach(bar.high - bar.value) for _, bar in bars],
            "arrayminus": [_reach(bar.value - bar.low) for _, bar in bars],
            "color": colour,
            "thickness": 2,
            "width": 0,
        },
        "hovertemplate": "%{x:.3~g}<extra></extra>",
    }


def _reach(size: float) -> float:
    return size if math.isfinite(size) else 0.0
