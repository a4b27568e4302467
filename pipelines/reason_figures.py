"""Pictures of what predictions rest on: over all accounts, by the value of the strongest features, and of one account.

The forms are those of the shap package (Lundberg and others): beeswarm, dependence, waterfall. They are drawn here from
contributions that tests hold equal to that package's, since what trains and serves does without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.churn.calibration import probability
from pipelines.churn.encoder import FloatArray
from pipelines.churn.model import ChurnModel
from pipelines.churn.reasons import explain
from pipelines.figures import BLUE, GREY, ORANGE, png

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SHOWN, MOST_ACCOUNTS, WIDTH = 12, 500, 0.35


@dataclass(frozen=True)
class _Told:
    """Contributions (n, p) of some accounts in log-odds, their encoded features, and which features matter most."""

    churn: ChurnModel
    rows: pd.DataFrame
    contributions: FloatArray
    values: FloatArray
    strongest: list[int]

    def sentence(self, feature: int) -> str:
        return self.churn.encoder.features[feature].sentence


def reason_figures(churn: ChurnModel, rows: pd.DataFrame) -> dict[str, bytes]:
    """Return `beeswarm`, `dependence` and `waterfall` of accounts as PNG files; the last is of the one most at risk."""
    some = rows.iloc[np.linspace(0, len(rows) - 1, min(len(rows), MOST_ACCOUNTS)).astype(int)]
    contributions, _ = churn.contributions(some)
    strongest = np.argsort(-np.abs(contributions).mean(axis=0), kind="stable")[:SHOWN].tolist()
    values = churn.encoder.transform(some).astype(np.float64)
    told = _Told(churn, some, contributions, values, strongest)
    drawn = {"beeswarm": _beeswarm, "dependence": _dependence, "waterfall": _waterfall}
    return {name: png(draw, told) for name, draw in drawn.items()}


def _beeswarm(axes: Axes, told: _Told) -> None:
    for place, feature in enumerate(reversed(told.strongest)):
        x, values = told.contributions[:, feature], told.values[:, feature]
        axes.scatter(x, place + _swarm(x), c=_ranks(values), cmap="coolwarm", s=5, linewidths=0)
        lacking = np.isnan(values)
        axes.scatter(x[lacking], place + _swarm(x)[lacking], color=GREY, s=5, linewidths=0)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set_yticks(range(len(told.strongest)), [told.sentence(one) for one in reversed(told.strongest)])
    axes.tick_params(axis="y", labelsize=8)
    axes.figure.supxlabel(
        "contribution to the predicted log-odds; blue: low value, red: high, grey: not known", fontsize=9
    )
    axes.figure.suptitle(f"What predictions rest on (no causes), {len(told.rows):,} accounts", fontsize=11)


def _swarm(x: FloatArray) -> FloatArray:
    """How far each point stands aside, so that points of one place lie beside each other: the denser, the further."""
    spread = max(float(np.ptp(x)), 1e-12)
    bins = np.floor((x - x.min()) / spread * 60).astype(int)
    found = np.zeros(len(x))
    for one in np.unique(bins):
        own = np.flatnonzero(bins == one)
        found[own] = np.linspace(-1, 1, len(own)) if len(own) > 1 else 0.0
        found[own] *= WIDTH * len(own) / np.bincount(bins).max()
    return found


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 0 to 1, so that one large value does not make all others look alike."""
    known = ~np.isnan(values)
    found = np.full(len(values), np.nan)
    _, place = np.unique(values[known], return_inverse=True)
    found[known] = place / max(int(place.max(initial=0)), 1)
    return found


def _dependence(axes: Axes, told: _Told) -> None:
    numbers = [one for one in told.strongest if told.churn.encoder.features[one].kind == "number"]
    feature = (numbers or told.strongest)[0]
    known = ~np.isnan(told.values[:, feature])
    axes.scatter(told.values[known, feature], told.contributions[known, feature], color=BLUE, s=8, linewidths=0)
    axes.axhline(0, color=GREY, linewidth=1)
    unit = told.churn.encoder.features[feature].unit
    axes.set(xlabel=f"{told.sentence(feature)} ({unit})" if unit else told.sentence(feature))
    axes.set(ylabel="contribution to the predicted log-odds")
    lacking = f", {int((~known).sum()):,} of which it is not known" if not known.all() else ""
    axes.set_title(f"The strongest number (predicts, does not cause), {len(told.rows):,} accounts{lacking}", loc="left")


def _waterfall(axes: Axes, told: _Told) -> None:
    riskiest = int(told.contributions.sum(axis=1).argmax())
    (one,) = explain(told.churn, told.rows.iloc[[riskiest]], top=SHOWN - 2)
    steps = [(reason.sentence, reason.contribution_log_odds) for reason in one.reasons]
    steps.append(("all other features", one.remainder_log_odds))
    ends = one.base_log_odds + np.cumsum([size for _, size in steps])
    for place, ((_, size), end) in enumerate(zip(steps, ends, strict=True)):
        axes.barh(-place, size, left=end - size, color=ORANGE if size > 0 else BLUE, height=0.7)
    axes.axvline(one.base_log_odds, color=GREY, linewidth=1, linestyle=":")
    axes.set_yticks([-place for place in range(len(steps))], [sentence for sentence, _ in steps])
    axes.tick_params(axis="y", labelsize=8)
    prob: Any = probability(np.array([one.base_log_odds, one.log_odds]))
    axes.figure.supxlabel(f"log-odds of churn, from {prob[0]:.1%} of an account of which nothing is known", fontsize=9)
    axes.figure.suptitle(
        f"The account most at risk: predicted churn {prob[1]:.1%} (reasons are no causes)", fontsize=11
    )
