"""Who is unlike all others in what: a line a trait, a column a segment, the number in every field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from serving.dashboard.blocks import Chart
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.wrapped import n_lines, wrapped
from serving.dashboard.table import Table

AROUND, A_LINE, AT_LEAST = 80, 17, 32
SCALE = [[0, "--low-end"], [0.5, "--middle"], [1, "--high-end"]]


def heat(
    heading: Heading, rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float]], table: Table
) -> Chart:
    """Return the picture of values (rows, columns) around 0; a field of which nothing is told (NaN) stays empty."""
    known = [abs(value) for line in values for value in line if math.isfinite(value)]
    reach, labels = max(known, default=1.0), [wrapped(row) for row in rows]
    fields: dict[str, Any] = {
        "type": "heatmap",
        "z": values,
        "x": list(range(len(columns))),
        "y": list(range(len(rows))),
        "text": [[f"{value:+.1f}" if math.isfinite(value) else "" for value in line] for line in values],
        "texttemplate": "%{text}",
        "colorscale": SCALE,
        "zmin": -reach,
        "zmid": 0,
        "zmax": reach,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hoverinfo": "skip",
    }
    layout = {
        "xaxis": _axis([wrapped(column, 12) for column in columns]) | {"side": "top"},
        "yaxis": _axis(labels) | {"range": [len(rows) - 0.5, -0.5]},
        "margin": {"l": 8, "r": 8, "t": 40, "b": 8},
    }
    height = AROUND + sum(max(AT_LEAST, A_LINE * n_lines(label) + 6) for label in labels)
    return Chart(*heading, data=[fields], table=table, layout=layout, height=height)


def _axis(labels: Sequence[str]) -> dict[str, Any]:
    return {
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": labels,
        "tickfont": {"size": 12},
        "tickangle": 0,
        "showgrid": False,
        "zeroline": False,
    }
