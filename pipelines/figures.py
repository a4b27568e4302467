"""The pictures of a training run: calibration, lift, and what the score rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pipelines.churn.evaluation import MODEL, ON_LOGS
from pipelines.churn.tenths import tenths

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Shown = TypeVar("Shown")

# Okabe and Ito's colours, told apart by colour-blind readers too.
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
COLOURS = {MODEL: BLUE, "business rule": GREEN, "logistic regression": ORANGE, ON_LOGS: PINK}


def training_figures(predictions: pd.DataFrame) -> dict[str, bytes]:
    """Return how good predictions are as PNG files.

    Parameters
    ----------
    predictions
        held-out rows: account_id, churned, weight, and one probability a learner.
    """
    return {"calibration": png(_draw_calibration, predictions), "lift": png(_draw_lift, predictions)}


def reasons_figure(contributions: pd.DataFrame) -> bytes:
    """Return what a score rests on as a PNG file.

    Parameters
    ----------
    contributions
        sentence and mean_contribution (log-odds, absolute) by feature, the largest first.
    """
    return png(_draw_reasons, contributions)


def held_out_rows(predictions: pd.DataFrame) -> str:
    """Return how many rows were judged, and for how many they stand where they were sampled."""
    n, stands_for = len(predictions), predictions["weight"].sum()
    return f"{n:,} held-out rows" + (f" (for {stands_for:,.0f})" if stands_for > n else "")


def png(draw: Callable[[Axes, Shown], None], shown: Shown) -> bytes:
    """Return what `draw` draws of it as a PNG file: the same gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    draw(axes, shown)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = BytesIO()
    # No date inside.
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _learners(predictions: pd.DataFrame) -> Mapping[str, str]:
    return {name: colour for name, colour in COLOURS.items() if name in predictions}


def _draw_calibration(axes: Axes, predictions: pd.DataFrame) -> None:
    for name, colour in _learners(predictions).items():
        found = tenths(predictions, name)
        means = [one.predicted for one in found]
        axes.plot(means, [one.counted for one in found], marker="o", markersize=4, color=colour, label=name)
        if name == MODEL:
            ends = [one.low for one in found], [one.high for one in found]
            axes.vlines(means, *ends, color=colour, linewidth=1, alpha=0.6)
    top = 1.05 * max(axes.dataLim.xmax, axes.dataLim.ymax)
    axes.plot([0, top], [0, top], color=GREY, linewidth=1, linestyle=":", label="perfect")
    axes.set(xlim=(0, top), ylim=(0, top))
    axes.set(xlabel="predicted probability of churn (mean of a tenth of the rows)", ylabel="counted share that churned")
    axes.set_title(f"Calibration with 95 % intervals, n = {held_out_rows(predictions)}", loc="left")
    axes.legend(frameon=False)


def _draw_lift(axes: Axes, predictions: pd.DataFrame) -> None:
    churned, weights = predictions["churned"].to_numpy(dtype=float), predictions["weight"].to_numpy()
    for name, colour in _learners(predictions).items():
        order = np.argsort(-predictions[name].to_numpy(dtype=float), kind="stable")
        share = np.cumsum(weights[order]) / weights.sum()
        axes.plot(share * 100, np.cumsum(churned[order]) / churned.sum() * 100, color=colour, label=name)
    axes.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle=":", label="by chance")
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.set(xlabel="accounts contacted, most at risk first (%)", ylabel="churners among them (%)")
    axes.set_title(f"Lift, n = {held_out_rows(predictions)}, {churned.sum():,.0f} churned", loc="left")
    axes.legend(frameon=False)


def _draw_reasons(axes: Axes, contributions: pd.DataFrame) -> None:
    shown = contributions.head(12).iloc[::-1]
    axes.barh(shown["sentence"], shown["mean_contribution"], color=BLUE, height=0.7)
    axes.figure.supxlabel("mean absolute contribution to the predicted log-odds of churn", fontsize=10)
    n = int(contributions.attrs.get("n_accounts", 0))
    axes.figure.suptitle(f"What the score rests on (predicts, does not cause), mean over {n:,} accounts", fontsize=11)
    axes.tick_params(axis="y", labelsize=8)
