"""Whether probabilities mean what they say, on rows that were held out; and what of the difference is the season's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.benchmarks.report import Figure
from features.panel import Panel
from pipelines.churn.bootstrap import Interval
from pipelines.churn.calibration import Calibration, probability
from pipelines.churn.encoder import FloatArray
from pipelines.churn.evaluation import MODEL, Evaluation, held_out_evaluation, usual_learners
from pipelines.churn.metrics import figures
from pipelines.churn.reliability import reliability
from pipelines.churn.splits import Split, out_of_fold, rolling_origins
from pipelines.learning import usual_rule

ORIGINS = 4
ENOUGH_CHURNERS = 1000
TELCO_AUC = ">= 0.849"
BARS = {"ece": "<= 0.02", "slope from one": "<= 0.1"}
SEASONAL = ("online_retail",)


def calibration_figures(name: str, panel: Panel) -> Iterator[Figure]:
    """Yield the figures of a set: out of time where there are dates, else out of fold; both where it has a season."""
    evaluation = _held_out(panel, split_of(panel, ORIGINS))
    yield from _judged(name, evaluation, name)
    if name not in SEASONAL:
        return
    yield from _by_origin(name, evaluation.predictions)
    rows = panel.matured
    pooled = out_of_fold(rows["account_id"], rows["churned"])
    yield from _judged(f"{name}.out_of_fold", _held_out(panel, pooled, is_alone=True), name)


def split_of(panel: Panel, n_origins: int) -> Split:
    """Return how rows are held out: at later dates from several origins, or by account where there are no dates."""
    rows = panel.matured
    if "as_of" not in rows:
        return out_of_fold(rows["account_id"], rows["churned"])
    return rolling_origins(rows, panel.definition.matures_days, n_origins)


def _held_out(panel: Panel, split: Split, *, is_alone: bool = False) -> Evaluation:
    learners = usual_learners(gap_days=panel.definition.matures_days, rule_column=usual_rule(panel.features))
    learners = {MODEL: learners[MODEL]} if is_alone else learners
    return held_out_evaluation(panel.matured, panel.features, split, learners)


def _judged(prefix: str, evaluation: Evaluation, dataset: str) -> Iterator[Figure]:
    told, n = evaluation.predictions, evaluation.n_churned
    about = f"{evaluation.how}, {len(told):,} rows, {n:,} churned"
    for learner, own in evaluation.figures.items():
        has_bar = learner == MODEL and n >= ENOUGH_CHURNERS
        yield Figure(f"{prefix}.{learner}.ece", own["ece"].value, f"share, {about}", BARS["ece"] if has_bar else None)
        yield Figure(f"{prefix}.{learner}.log_loss", own["log_loss"].value, f"nats, {about}")
        bar = TELCO_AUC if learner == MODEL and dataset == "telco" else None
        yield Figure(f"{prefix}.{learner}.auc", own["auc"].value, f"share, {about}", bar)
        churned, accounts = told["churned"].to_numpy(dtype=bool), told["account_id"].factorize()[0]
        line = reliability(_log_odds(told, learner), churned, accounts, np.ones(len(told)))
        if line is not None:
            yield from _line(f"{prefix}.{learner}", line.slope, line.intercept, about, has_bar=has_bar)


def _line(name: str, slope: Interval, intercept: Interval, about: str, *, has_bar: bool) -> Iterator[Figure]:
    yield Figure(f"{name}.slope", slope.value, f"1 is right ({slope.low:.2f} to {slope.high:.2f}), {about}")
    bar = BARS["slope from one"] if has_bar else None
    yield Figure(f"{name}.slope_from_one", abs(slope.value - 1), f"absolute, {about}", bar)
    said = f"0 is right ({intercept.low:.2f} to {intercept.high:.2f}), log-odds, {about}"
    yield Figure(f"{name}.intercept", intercept.value, said)


def _by_origin(name: str, told: pd.DataFrame) -> Iterator[Figure]:
    """What of the error out of time is the level of the dates: each origin by itself, and all at their true level."""
    for number, (_, own) in enumerate(told.groupby("fold"), 1):
        prob, churned = own[MODEL].to_numpy(dtype=np.float64), own["churned"].to_numpy(dtype=bool)
        dates = f"{own['as_of'].min():%Y-%m-%d} to {own['as_of'].max():%Y-%m-%d}"
        level = f"predicted {prob.mean():.3f}, counted {churned.mean():.3f}"
        about = f"share, as-of dates {dates}, {len(own):,} rows, {level}"
        yield Figure(f"{name}.model.ece_of_origin_{number}", _ece(churned, prob), about)
    at_level = pd.concat([_at_true_level(own) for _, own in told.groupby("as_of")])
    found = _ece(told.loc[at_level.index, "churned"].to_numpy(dtype=bool), at_level.to_numpy())
    about = f"share, out_of_time, {len(told):,} rows, were the churn rate of each date known beforehand"
    yield Figure(f"{name}.model.ece_at_the_level_of_each_date", found, about)


def _at_true_level(own: pd.DataFrame) -> pd.Series:
    raw = _log_odds(own, MODEL)
    line = Calibration().at_level(raw, float(own["churned"].astype(float).mean()))
    return pd.Series(probability(line.apply(raw)), index=own.index)


def _ece(churned: npt.NDArray[np.bool_], prob: FloatArray) -> float:
    return float(figures(churned, prob, np.ones((1, len(prob))))["ece"][0])


def _log_odds(told: pd.DataFrame, learner: str) -> FloatArray:
    prob = np.clip(told[learner].to_numpy(dtype=np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(prob / (1 - prob)))
