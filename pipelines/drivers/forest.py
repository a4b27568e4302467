"""Effects with their intervals in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.figures import BLUE, GREY, ORANGE, png

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

VERDICT_COLOURS = {"cause": ORANGE, "none found": GREY, "withheld": BLUE}


def forest_plot(table: pd.DataFrame) -> bytes:
    """Return a forest plot of the effects on everyone as a PNG file, causes in colour.

    Parameters
    ----------
    table
        findings as `findings_table` has them.
    """
    effects = table[(table["figure"] == "effect") & (table["group_by"] == "all") & table["value"].notna()]
    return png(_draw, effects.iloc[::-1])


def _draw(axes: Axes, effects: pd.DataFrame) -> None:
    colours = [VERDICT_COLOURS.get(verdict, GREY) for verdict in effects["verdict"]]
    places = range(len(effects))
    axes.hlines(places, effects["low"], effects["high"], colors=colours, linewidth=2)
    axes.scatter(effects["value"], places, s=25, c=colours, zorder=3)
    columns = (effects[name] for name in ("driver", "contrast", "n_bad"))
    names = [f"{driver}, {contrast} (n = {n:,})" for driver, contrast, n in zip(*columns, strict=True)]
    axes.set_yticks(places, names, fontsize=7)
    axes.axvline(0, color=GREY, linewidth=1, linestyle=":")
    axes.set_xlabel("effect on churn within the horizon (percentage points), with 95 % interval")
    title = "What causes churn: effect on those who had it" if len(effects) else "No effect could be told"
    axes.set_title(f"{title} (estimated; orange: found)", loc="left", fontsize=10)
