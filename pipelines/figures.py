"""The pictures of a training run: calibration, lift, and what the score rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.churn.bootstrap import resampled_weights
from pipelines.churn.encoder import FloatArray
from pipelines.churn.evaluation import MODEL, ON_LOGS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BINS = 10
RESAMPLES = 200
# Okabe and Ito's colours, told apart by colour-blind readers too.
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
COLOURS = {MODEL: BLUE, "business rule": GREEN, "logistic regression": ORANGE, ON_LOGS: PINK}


def training_figures(predictions: pd.DataFrame, contributions: pd.DataFrame) -> dict[str, bytes]:
    """Return the figures of a run as PNG files.

    Parameters
    ----------
    predictions
        held-out rows: account_id, churned, and one probability a learner.
    contributions
        sentence and mean_contribution (log-odds, absolute) by feature, the largest first.
    """
    return {
        "calibration": _png(_draw_calibration, predictions),
        "lift": _png(_draw_lift, predictions),
        "reasons": _png(_draw_reasons, contributions),
    }


def _png(draw: Any, frame: pd.DataFrame) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    draw(axes, frame)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = BytesIO()
    # No date inside: the same run gives the same bytes.
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _learners(predictions: pd.DataFrame) -> Mapping[str, str]:
    return {name: colour for name, colour in COLOURS.items() if name in predictions}


def _draw_calibration(axes: Axes, predictions: pd.DataFrame) -> None:
    churned = predictions["churned"].to_numpy(dtype=float)
    for name, colour in _learners(predictions).items():
        prob = predictions[name].to_numpy(dtype=float)
        tenths = [tenth for tenth in np.array_split(np.argsort(prob, kind="stable"), BINS) if len(tenth)]
        means, shares = [prob[tenth].mean() for tenth in tenths], [churned[tenth].mean() for tenth in tenths]
        axes.plot(means, shares, marker="o", markersize=4, color=colour, label=name)
        if name == MODEL:
            low, high = share_intervals(churned, predictions["account_id"].to_numpy(), tenths)
            axes.vlines(means, low, high, color=colour, linewidth=1, alpha=0.6)
    top = 1.05 * max(axes.dataLim.xmax, axes.dataLim.ymax)
    axes.plot([0, top], [0, top], color=GREY, linewidth=1, linestyle=":", label="perfect")
    axes.set(xlim=(0, top), ylim=(0, top))
    axes.set(xlabel="predicted probability of churn (mean of a tenth of the rows)", ylabel="counted share that churned")
    axes.set_title(f"Calibration with 95 % intervals, n = {len(predictions):,} held-out rows", loc="left")
    axes.legend(frameon=False)


def share_intervals(churned: FloatArray, accounts: Any, groups: Sequence[Any]) -> tuple[FloatArray, FloatArray]:
    """Return the 95 % interval of the churn rate in each group of rows, low and high, accounts resampled."""
    if not groups:
        return np.zeros(0), np.zeros(0)
    drawn = []
    for weights in resampled_weights(accounts, RESAMPLES, seed=0):
        sums = [(weights[:, group] @ churned[group], weights[:, group].sum(axis=1)) for group in groups]
        drawn.append(np.column_stack([n / np.maximum(of, 1) for n, of in sums]))
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975], axis=0)
    return low, high


def _draw_lift(axes: Axes, predictions: pd.DataFrame) -> None:
    churned = predictions["churned"].to_numpy(dtype=float)
    share = np.arange(1, len(churned) + 1) / len(churned)
    for name, colour in _learners(predictions).items():
        order = np.argsort(-predictions[name].to_numpy(dtype=float), kind="stable")
        axes.plot(share * 100, np.cumsum(churned[order]) / churned.sum() * 100, color=colour, label=name)
    axes.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle=":", label="by chance")
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.set(xlabel="accounts contacted, most at risk first (%)", ylabel="churners among them (%)")
    axes.set_title(f"Lift, n = {len(churned):,} held-out rows, {churned.sum():,.0f} churned", loc="left")
    axes.legend(frameon=False)


def _draw_reasons(axes: Axes, contributions: pd.DataFrame) -> None:
    shown = contributions.head(12).iloc[::-1]
    axes.barh(shown["sentence"], shown["mean_contribution"], color=BLUE, height=0.7)
    axes.figure.supxlabel("mean absolute contribution to the predicted log-odds of churn", fontsize=10)
    n = int(contributions.attrs.get("n_accounts", 0))
    axes.figure.suptitle(f"What the score rests on (predicts, does not cause), mean over {n:,} accounts", fontsize=11)
    axes.tick_params(axis="y", labelsize=8)
