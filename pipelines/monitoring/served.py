"""What was really served: scores as they were given out, kept until it is known who left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.labels import ChurnDefinition
from pipelines.churn.bootstrap import Interval
from pipelines.churn.evaluation import MODEL, intervals_of
from pipelines.churn.lifetimes import known_until, lifetimes
from pipelines.churn.reliability import reliability

FOLDER = "served"
KEPT = ("account_id", "as_of", "release", "churn_prob")
FEWEST_CHURNERS = 20
"""With fewer, figures of merit say nothing."""


@dataclass(frozen=True)
class Due:
    """How well scores did whose labels have come due.

    Attributes
    ----------
    figures
        auc, log_loss, brier, ece, lift, average_precision, and calibration slope and intercept, with 95 % intervals
        (accounts resampled).
    churn_rate, mean_prob
        Counted and predicted.
    """

    first: str
    last: str
    n_rows: int
    n_accounts: int
    n_churned: int
    churn_rate: float
    mean_prob: float
    figures: dict[str, Interval]


def keep_scores(scores: pd.DataFrame, state: Path) -> None:
    """Keep scores of an as-of date as they are given out; those of the same release and date take their place."""
    if "as_of" not in scores or not len(scores):
        return
    folder = state / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{scores['as_of'].max():%Y-%m-%d}-by-{scores['release'].iloc[0]}.parquet"
    staged = path.with_suffix(".staged")
    scores[list(KEPT)].to_parquet(staged, index=False)
    staged.replace(path)


def served_scores(state: Path, version: str) -> pd.DataFrame:
    """Return what a release has served, from all dates."""
    files = sorted((state / FOLDER).glob(f"*-by-{version}.parquet"))
    parts = [pd.read_parquet(file) for file in files]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(KEPT))


def due_scores(
    scores: pd.DataFrame, churn: ChurnDefinition, departures: pd.DataFrame, observed_until: pd.Timestamp
) -> pd.DataFrame:
    """Return the scores (account_id, as_of, churn_prob) whose labels are due, with `churned`."""
    is_due = scores["as_of"] + pd.Timedelta(days=churn.matures_days) <= observed_until
    due = scores[is_due].reset_index(drop=True)
    if not len(due):
        return due.assign(churned=np.zeros(0, dtype=bool))
    lives = lifetimes(due, departures, known_until(churn, observed_until))
    return due.assign(churned=lives.left & (lives.days < churn.horizon_days))


def judged(due: pd.DataFrame) -> Due | None:
    """Return how well due scores did; None where too few left or stayed."""
    churned = due["churned"].to_numpy(dtype=bool)
    if min(churned.sum(), (~churned).sum()) < FEWEST_CHURNERS:
        return None
    prob = due["churn_prob"].to_numpy(dtype=np.float64)
    figures = dict(intervals_of(due.assign(weight=1.0, **{MODEL: prob}), MODEL))
    line = reliability(np.log(prob) - np.log1p(-prob), churned, pd.factorize(due["account_id"])[0], np.ones(len(due)))
    if line is not None:
        figures |= {"slope": line.slope, "intercept": line.intercept}
    return Due(
        f"{due['as_of'].min():%Y-%m-%d}",
        f"{due['as_of'].max():%Y-%m-%d}",
        len(due),
        int(due["account_id"].nunique()),
        int(churned.sum()),
        float(churned.mean()),
        float(prob.mean()),
        figures,
    )
