"""Which way accounts go: touchpoints, and flows between them as wide as they are many, loops among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.dashboard.blocks import Chart
from serving.dashboard.charts.wrapped import wrapped
from serving.dashboard.table import Column, Table

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
NO_SCORE, GOOD, MIDDLE, BAD = "--faint", "--good", "--warn", "--bad"


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
    place = {name: i for i, name in enumerate(names)}
    colours = [_colour(experience.get(name)) for name in names]
    flows: dict[str, Any] = {
        "type": "sankey",
        "node": {
            "label": [wrapped(name.replace("_", " "), 16) for name in names],
            "color": colours,
            "pad": 22,
            "thickness": 14,
            "line": {"width": 0},
        },
        "link": {
            "source": [place[link["source"]] for link in links],
            "target": [place[link["target"]] for link in links],
            "value": [link["n"] for link in links],
            "color": [f"{colours[place[link['target']]]}/35" for link in links],
            "hovertemplate": "%{source.label} to %{target.label}: %{value:,} times<extra></extra>",
        },
    }
    title = f"Journey of {whose(found)}, the {len(links)} widest flows"
    layout = {"margin": {"l": 8, "r": 8, "t": 8, "b": 90}}
    name = f"journey-{found['group_by']}-{found['group']}".replace(" ", "-").replace("/", "-")
    return Chart(name, title, says, [flows], _table(name, found["links"], title), layout, max(420, 64 * len(names)))


def whose(found: Mapping[str, Any]) -> str:
    """Return in words of whom a map is."""
    return "all accounts" if found["group_by"] == "all" else str(found["group"])


def _colour(score: float | None) -> str:
    if score is None:
        return NO_SCORE
    return GOOD if score > 2 else BAD if score < -2 else MIDDLE


def _table(name: str, links: Sequence[Mapping[str, Any]], title: str) -> Table:
    keys = ("source", "target", "n", "n_accounts", "prob", "low", "high", "wait_days")
    return Table(name, title, COLUMNS, [[link[key] for key in keys] for link in links])
