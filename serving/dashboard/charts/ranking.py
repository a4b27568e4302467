"""What predictions rest on: bars, the longest on top."""

from __future__ import annotations

from collections.abc import Sequence

from serving.dashboard.blocks import Chart
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.wrapped import n_lines, wrapped
from serving.dashboard.numbers import bare
from serving.dashboard.table import Table

AROUND, A_LINE, AT_LEAST = 75, 17, 30
"""Pixels: the axis, a line of a label, a bar."""


def ranking(heading: Heading, sizes: Sequence[tuple[str, float]], axis: str, table: Table) -> Chart:
    """Return the picture of sizes by name, as they are in order; all of them are predicted."""
    labels = [wrapped(name) for name, _ in sizes]
    values = [size for _, size in sizes]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": list(range(len(sizes))),
        "text": [bare(value) for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": "--predicted"},
        "hovertemplate": "%{x:.3~g}<extra></extra>",
    }
    layout = {
        "xaxis": {
            "title": {"text": wrapped(axis, 30), "font": {"size": 12}},
            "range": [0, 1.2 * max(values, default=1.0)],
            "nticks": 5,
        },
        "yaxis": {
            "tickmode": "array",
            "tickvals": list(range(len(sizes))),
            "ticktext": labels,
            "tickfont": {"size": 12},
            "range": [len(sizes) - 0.4, -0.6],
            "showgrid": False,
            "zeroline": False,
        },
        "bargap": 0.45,
    }
    height = AROUND + sum(max(AT_LEAST, A_LINE * n_lines(label) + 6) for label in labels)
    return Chart(*heading, data=[bars], table=table, layout=layout, height=height)
