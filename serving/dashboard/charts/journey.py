"""Which way accounts go: touchpoints on a ring, and between them bands as wide as the flows are, loops among them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from serving.dashboard.blocks import Chart
from serving.dashboard.charts.wrapped import wrapped
from serving.dashboard.table import Column, Table
from serving.dashboard.words import slug

COLUMNS = (
    Column("from", "From"),
    Column("to", "To"),
    Column("n", "Times (counted)", "number"),
    Column("n_accounts", "Accounts", "number"),
    Column("share", "Of all that leave it (counted)", "number", "share"),
    Column("low", "At least", "number", "share"),
    Column("high", "At most", "number", "share"),
    Column("wait", "Days until then", "number"),
)
MOST_FLOWS = 24
WIDEST, NARROWEST = 16.0, 1.5
BEND = 0.22
"""How far a band leaves the straight line, so that there and back are two bands."""
NO_SCORE, GOOD, MIDDLE, BAD = "--faint", "--good", "--warn", "--bad"

Link = Mapping[str, Any]


class Point(NamedTuple):
    """A place in the picture."""

    x: float
    y: float


def journey(found: Mapping[str, Any], experience: Mapping[str, float], says: str) -> Chart:
    """Return the map of one group.

    Parameters
    ----------
    found
        of the map: nodes and links, as `/api/journeys` has them.
    experience
        by touchpoint, how far its answers are above (positive) or below those of all, in standard errors.
    """
    links = sorted(found["links"], key=lambda link: -link["n"])[:MOST_FLOWS]
    names = list(dict.fromkeys(name for link in links for name in (link["source"], link["target"])))
    place = {name: _on_ring(i, len(names)) for i, name in enumerate(names)}
    colour = {name: _colour(experience.get(name)) for name in names}
    most = max((link["n"] for link in links), default=1)
    bands = [_band(link, place, f"{colour[link['target']]}/55", link["n"] / most) for link in links]
    layout = {
        "shapes": [shape for shape, _ in bands],
        "annotations": [arrow for _, arrow in bands if arrow],
        "xaxis": {"range": [-1.85, 1.85], "visible": False},
        "yaxis": {"range": [-1.35, 1.35], "visible": False, "scaleanchor": "x"},
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
    }
    title = f"Journey of {whose(found)}, the {len(links)} widest flows"
    name = slug(f"journey {found['group_by']} {found['group']}")
    return Chart(name, title, says, [_nodes(place, colour)], _table(name, found["links"], title), layout, 460)


def whose(found: Mapping[str, Any]) -> str:
    """Return in words of whom a map is."""
    return "all accounts" if found["group_by"] == "all" else str(found["group"])


def _on_ring(i: int, n: int) -> Point:
    """The place of one of n points on a ring, the first on the left, then clockwise."""
    angle = math.pi - 2 * math.pi * i / n
    return Point(math.cos(angle), math.sin(angle))


def _nodes(place: Mapping[str, Point], colour: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [point.x for point in place.values()],
        "y": [point.y for point in place.values()],
        "text": [wrapped(name.replace("_", " "), 14) for name in place],
        "textposition": [_beside(point) for point in place.values()],
        "marker": {"size": 20, "color": list(colour.values()), "line": {"color": "--surface", "width": 2}},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _beside(point: Point) -> str:
    """Where a name stands: outside the ring."""
    height = "top" if point.y > 0.1 else "bottom" if point.y < -0.1 else "middle"
    side = "left" if point.x < -0.3 else "right" if point.x > 0.3 else "center"
    return f"{height} {'center' if height != 'middle' and abs(point.x) < 0.75 else side}"


def _band(link: Link, place: Mapping[str, Point], colour: str, part: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """A flow as a curve, and the arrow that says which way; a loop has no arrow."""
    line = {"color": colour, "width": max(NARROWEST, WIDEST * math.sqrt(part))}
    start, end = place[link["source"]], place[link["target"]]
    if start == end:
        middle = Point(1.16 * start.x, 1.16 * start.y)
        corners = {"x0": middle.x - 0.14, "x1": middle.x + 0.14, "y0": middle.y - 0.14, "y1": middle.y + 0.14}
        return {"type": "circle", "layer": "below", "line": line, **corners}, {}
    bend = Point((start.x + end.x) / 2 + BEND * (start.y - end.y), (start.y + end.y) / 2 + BEND * (end.x - start.x))
    path = f"M {start.x:.4f},{start.y:.4f} Q {bend.x:.4f},{bend.y:.4f} {end.x:.4f},{end.y:.4f}"
    tail, head = _along(start, bend, end, 0.72), _along(start, bend, end, 0.8)
    arrow = {"x": head.x, "y": head.y, "ax": tail.x, "ay": tail.y, "text": "", "showarrow": True}
    refs = {"xref": "x", "yref": "y", "axref": "x", "ayref": "y"}
    arrow |= {**refs, "arrowhead": 2, "arrowsize": 1.2, "arrowwidth": 1.6, "arrowcolor": "--ink"}
    return {"type": "path", "layer": "below", "path": path, "line": line}, arrow


def _along(start: Point, bend: Point, end: Point, t: float) -> Point:
    """A point of the curve (quadratic Bézier)."""
    weights = (1 - t) ** 2, 2 * t * (1 - t), t**2
    return Point(*(sum(w * p[i] for w, p in zip(weights, (start, bend, end), strict=True)) for i in (0, 1)))


def _colour(score: float | None) -> str:
    if score is None:
        return NO_SCORE
    return GOOD if score > 2 else BAD if score < -2 else MIDDLE


def _table(name: str, links: Sequence[Link], title: str) -> Table:
    keys = ("source", "target", "n", "n_accounts", "prob", "low", "high", "wait_days")
    return Table(name, title, COLUMNS, [[link[key] for key in keys] for link in links])
