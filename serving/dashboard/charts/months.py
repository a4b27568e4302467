"""Numbers from month to month, with their intervals: a line for each kind of survey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.dashboard.blocks import Chart
from serving.dashboard.charts.forest import INTERVAL, Bar
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.sankey import SERIES
from serving.dashboard.charts.shares import SYMBOLS
from serving.dashboard.table import Table

HEIGHT = 320


def months(heading: Heading, lines: Mapping[str, Sequence[Bar]], axis: str, table: Table) -> Chart:
    """Return the picture of some lines, by name; the labels of their numbers are months such as 2026-01."""
    data = [_line(name, bars, place) for place, (name, bars) in enumerate(lines.items())]
    layout = {
        "yaxis": {"title": {"text": f"{axis} ({INTERVAL})", "font": {"size": 12}}, "zeroline": False},
        "xaxis": {"type": "date", "nticks": 6, "tickangle": 0, "tickformat": "%b<br>%Y"},
        "showlegend": len(lines) > 1,
        "legend": {"orientation": "h", "x": 0, "y": -0.25, "yanchor": "top"},
    }
    return Chart(*heading, data=data, table=table, layout=layout, height=HEIGHT)


def _line(name: str, bars: Sequence[Bar], place: int) -> dict[str, Any]:
    colour = bars[0].colour if place == 0 else SERIES[place % len(SERIES)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [f"{bar.label}-01" for bar in bars],
        "y": [bar.value for bar in bars],
        "line": {"color": colour, "width": 2},
        "marker": {"color": colour, "symbol": SYMBOLS[place % len(SYMBOLS)], "size": 6},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [bar.high - bar.value for bar in bars],
            "arrayminus": [bar.value - bar.low for bar in bars],
            "color": colour,
            "thickness": 1,
            "width": 0,
        },
        "hovertemplate": "%{x|%b %Y}: %{y:.3~g}<extra></extra>",
    }
