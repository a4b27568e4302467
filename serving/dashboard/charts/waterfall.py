"""From an opening amount through what came and went to a closing one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.dashboard.blocks import Chart
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.wrapped import wrapped
from serving.dashboard.table import Table

A_STEP = 38


def waterfall(heading: Heading, steps: Sequence[tuple[str, float]], axis: str, table: Table) -> Chart:
    """Return the picture of steps; the first and the last are amounts, those between are changes."""
    measures = ["absolute", *["relative"] * (len(steps) - 2), "total"]
    bars: dict[str, Any] = {
        "type": "waterfall",
        "orientation": "h",
        "measure": measures,
        "y": [wrapped(name, 18) for name, _ in steps],
        "x": [value for _, value in steps],
        "increasing": {"marker": {"color": "--good"}},
        "decreasing": {"marker": {"color": "--bad"}},
        "totals": {"marker": {"color": "--series-1"}},
        "connector": {"line": {"color": "--faint", "width": 1}},
        "hovertemplate": "%{x:,.3~s}<extra></extra>",
    }
    layout = {
        "xaxis": {"title": {"text": axis}, "tickformat": "~s", "nticks": 6},
        "yaxis": {"autorange": "reversed", "showgrid": False},
    }
    return Chart(*heading, data=[bars], table=table, layout=layout, height=90 + A_STEP * len(steps))
