"""How large the parts of a whole were, date by date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.dashboard.blocks import Chart
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.sankey import SERIES
from serving.dashboard.charts.wrapped import wrapped
from serving.dashboard.table import Table

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")


def shares(
    heading: Heading, dates: Sequence[str], parts: Sequence[str], values: Sequence[Sequence[float]], table: Table
) -> Chart:
    """Return the picture of shares (dates, parts), 0 to 1: a line a part, each with a colour and a symbol."""
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": wrapped(part, 40),
            "x": list(dates),
            "y": [100 * line[place] for line in values],
            "line": {"color": SERIES[place % len(SERIES)], "width": 2},
            "marker": {"color": SERIES[place % len(SERIES)], "symbol": SYMBOLS[place % len(SYMBOLS)], "size": 7},
            "hovertemplate": "%{y:.3~g} %<extra></extra>",
        }
        for place, part in enumerate(parts)
    ]
    layout = {
        "yaxis": {"title": {"text": "% of accounts", "font": {"size": 12}}, "rangemode": "tozero"},
        "xaxis": {"type": "date", "nticks": 4, "tickangle": 0, "tickformat": "%b<br>%Y"},
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
    }
    return Chart(*heading, data=data, table=table, layout=layout, height=300 + 20 * len(parts))
