"""Who went from where to where: bands from the left to the right, as wide as the accounts are many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.dashboard.blocks import Chart
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.wrapped import wrapped
from serving.dashboard.table import Table

A_NODE = 64
SERIES = tuple(f"--series-{number}" for number in range(1, 7))
PALE = "/45"
"""How much of a colour a band has, in percent."""


def sankey(
    heading: Heading, sources: Sequence[str], targets: Sequence[str], counts: Sequence[Sequence[int]], table: Table
) -> Chart:
    """Return the picture of counts (sources, targets); a target of the name of a source has its colour."""
    own = {name: SERIES[place % len(SERIES)] for place, name in enumerate(sources)}
    flows = [(i, j, n) for i, line in enumerate(counts) for j, n in enumerate(line) if n]
    colours = [own[name] for name in sources]
    bands: dict[str, Any] = {
        "type": "sankey",
        "arrangement": "fixed",
        "node": {
            "label": [wrapped(name, 16) for name in (*sources, *targets)],
            "color": [*colours, *(own.get(name, "--faint") for name in targets)],
            "pad": 18,
            "thickness": 14,
            "line": {"width": 0},
            "hoverinfo": "skip",
        },
        "link": {
            "source": [i for i, _, _ in flows],
            "target": [len(sources) + j for _, j, _ in flows],
            "value": [n for _, _, n in flows],
            "color": [colours[i] + PALE for i, _, _ in flows],
            "hovertemplate": "%{value:,}<extra></extra>",
        },
    }
    height = 60 + A_NODE * max(len(sources), len(targets))
    return Chart(
        *heading, data=[bands], table=table, layout={"margin": {"l": 8, "r": 8, "t": 8, "b": 16}}, height=height
    )
