"""Backtesting: the same training at past dates, judged on what came after; nothing is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from features.catalog import Feature
from features.errors import ModelError
from features.panel import Panel, Progress
from pipelines.churn.bootstrap import Interval
from pipelines.churn.encoder import FloatArray, numbers
from pipelines.churn.evaluation import MODEL, Evaluation, held_out_evaluation, intervals_of
from pipelines.churn.health_score import HealthScore
from pipelines.churn.reliability import Reliability, reliability
from pipelines.churn.splits import Split, rolling_origins
from pipelines.churn.warning import Warned, warned
from pipelines.config import Settings
from pipelines.curve_backtest import CurveJudged, judge_curves
from pipelines.learning import learners_of
from pipelines.release import Release, read_champion
from pipelines.segments import segment_names
from pipelines.tiers import tiers_by_date
from pipelines.training_data import read_panel

if TYPE_CHECKING:
    import pandas as pd

STAGES = ("reading tables", "panel", "judging at past dates", "MLflow")
SIZES = ("employees", "annual_revenue", "mrr_now")
TENURE = "tenure_days"
PARTS = ("low", "middle", "high")
FEWEST_CHURNERS = 20
"""Of a group with fewer nothing is told."""
HEALTH = "health score"


@dataclass(frozen=True)
class Group:
    """How well a group of accounts was predicted: churn counted and predicted (shares), and the AUC within it."""

    kind: str
    group: str
    n_rows: int
    n_accounts: int
    n_churned: int
    counted: float
    predicted: float
    auc: Interval


@dataclass(frozen=True)
class Backtest:
    """How the model would have done.

    Attributes
    ----------
    evaluation
        Model and baselines on the rows of all origins together.
    reliability
        By learner, calibration intercept and slope; None where these cannot be had.
    warned
        By learner, whether churners were seen coming; None where none left.
    groups
        The model by segment of the champion, by size and by tenure.
    curves
        The retention curve beside Cox; None where churn has no dates.
    """

    evaluation: Evaluation
    n_origins: int
    reliability: Mapping[str, Reliability | None]
    warned: Mapping[str, Warned | None]
    groups: tuple[Group, ...]
    curves: CurveJudged | None


def backtest(settings: Settings, n_origins: int, progress: Progress) -> Backtest:
    """Return how models trained at past dates did on the dates after them.

    Raises
    ------
    ModelError
        When there are no dates, or too few to learn from some and be judged on others.
    """
    panel, champion = read_panel(settings, progress), read_champion(settings.releases_folder)
    progress("judging at past dates")
    return backtested(panel, settings, n_origins, champion, progress)


def backtested(
    panel: Panel, settings: Settings, n_origins: int, champion: Release | None, progress: Progress
) -> Backtest:
    """Return the backtest of a panel: see `backtest`."""
    rows, seed, gap = panel.matured, settings.model.seed, panel.definition.matures_days
    split = _origins(rows, gap, n_origins)
    learners = learners_of(panel, settings, progress, n_searches=len(split.folds))
    if _has_direction(panel.features):
        learners[HEALTH] = partial(HealthScore.fit, kept_share=panel.kept_share)
    evaluation = held_out_evaluation(rows, panel.features, split, learners, seed=seed, kept_share=panel.kept_share)
    told = evaluation.predictions
    accounts, churned = told["account_id"].factorize()[0], told["churned"].to_numpy(dtype=bool)
    weights = told["weight"].to_numpy(dtype=np.float64)
    reliable, seen = {}, {}
    for name in evaluation.figures:
        reliable[name] = reliability(_log_odds(told[name].to_numpy(dtype=np.float64)), churned, accounts, weights)
        seen[name] = warned(told, tiers_by_date(told, name, settings.tiers), seed=seed)
    groups = tuple(_groups(told, rows.iloc[told["row"]], panel.features, champion))
    curves = judge_curves(panel, split, told, seed=seed)
    return Backtest(evaluation, len(split.folds), reliable, seen, groups, curves)


def _origins(rows: pd.DataFrame, gap: float, n_origins: int) -> Split:
    if "as_of" not in rows:
        raise ModelError.of(
            "rows without dates", "as-of dates to go back to", "bring tables with dates, or observations with as_of"
        )
    split = rolling_origins(rows, gap, n_origins)
    if not split.folds:
        came = f"{rows['as_of'].nunique()} as-of dates whose labels are due"
        raise ModelError.of(came, f"some that lie {gap:g} days before others, with churn in both", "bring more history")
    return split


def _has_direction(features: tuple[Feature, ...]) -> bool:
    return any(feature.direction for feature in features if feature.kind == "number")


def _log_odds(prob: FloatArray) -> FloatArray:
    inside = np.clip(prob, 1e-6, 1 - 1e-6)
    found: FloatArray = np.log(inside / (1 - inside))
    return found


def _groups(
    told: pd.DataFrame, rows: pd.DataFrame, features: tuple[Feature, ...], champion: Release | None
) -> Iterator[Group]:
    """The model in each group of accounts in which enough churned."""
    for kind, labels in _labels(rows, features, champion):
        for group in sorted({str(label) for label in labels if label is not None}):
            own = told[labels == group]
            churned = own["churned"].to_numpy(dtype=bool)
            if min(churned.sum(), (~churned).sum()) < FEWEST_CHURNERS:
                continue
            weights = own["weight"].to_numpy(dtype=np.float64)
            yield Group(
                kind,
                group,
                len(own),
                own["account_id"].nunique(),
                int(churned.sum()),
                float(np.average(churned, weights=weights)),
                float(np.average(own[MODEL].to_numpy(dtype=np.float64), weights=weights)),
                intervals_of(own, MODEL)["auc"],
            )


def _labels(
    rows: pd.DataFrame, features: tuple[Feature, ...], champion: Release | None
) -> Iterator[tuple[str, np.ndarray]]:
    """Each way of grouping rows, with the group of each row, None where it is not known."""
    for name, segmentation in (champion.segmentations if champion else {}).items():
        if segmentation.is_divided:
            yield f"{name} segment", np.array(segment_names(segmentation, rows), dtype=object)
    there = {feature.name for feature in features}
    for name in [*[one for one in SIZES if one in there][:1], *({TENURE} & there)]:
        yield f"{'tenure' if name == TENURE else 'size'} ({name})", _thirds(numbers(rows[name], name))


def _thirds(values: FloatArray) -> np.ndarray:
    known = values[~np.isnan(values)]
    edges = np.quantile(known, [1 / 3, 2 / 3]) if len(known) else np.zeros(2)
    found = np.array(PARTS, dtype=object)[np.searchsorted(edges, np.nan_to_num(values), side="left")]
    found[np.isnan(values)] = None
    return found
