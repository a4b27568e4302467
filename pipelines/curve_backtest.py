"""Backtesting of the retention curve: learnt at past dates from what was known then, judged on who stayed how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.panel import Panel
from pipelines.churn.bootstrap import Interval, percentile_interval, resampled_weights
from pipelines.churn.cox import Cox
from pipelines.churn.curve import PERIOD_DAYS, at_days
from pipelines.churn.curve_training import fit_curve
from pipelines.churn.encoder import FloatArray
from pipelines.churn.evaluation import MODEL
from pipelines.churn.lifetimes import Lifetimes, known_until, lifetimes
from pipelines.churn.splits import Split
from pipelines.churn.survival import brier_scores, c_index
from pipelines.learning import CURVE_LEAVES, followed

CURVE, COX = "retention curve", "Cox"
COX_ROWS = 8_000
FOLLOWED = 0.5
"""Judged as far ahead as so many of the rows were followed."""
RESAMPLES = 200


@dataclass(frozen=True)
class CurveJudged:
    """How good curves were.

    Attributes
    ----------
    days
        Up to how many days after the as-of date.
    n_left
        Rows whose account left within these.
    brier, c_index
        By learner: the integrated Brier score with its 95 % interval (accounts resampled), and the C-index.
    gain
        How much lower the curve's integrated Brier score is than Cox's.
    """

    days: float
    n_rows: int
    n_accounts: int
    n_left: int
    brier: dict[str, Interval]
    c_index: dict[str, float]
    gain: Interval


@dataclass(frozen=True)
class _Part:
    """The test rows of one origin, and who was said to stay how long."""

    accounts: pd.Series
    lives: Lifetimes
    stayed: dict[str, FloatArray]


def judge_curves(panel: Panel, split: Split, predictions: pd.DataFrame, *, seed: int) -> CurveJudged | None:
    """Return how good curves were that were learnt at the origins of a split; None where they cannot be had.

    Parameters
    ----------
    predictions
        Of an evaluation on the same split: what the model said of its test rows, which curves go through.
    """
    if panel.departures is None or panel.observed_until is None:
        return None
    found = list(_parts(panel, split, predictions, seed))
    return _judged(found, seed) if found else None


def _parts(panel: Panel, split: Split, predictions: pd.DataFrame, seed: int) -> Iterator[_Part]:
    matured = panel.matured
    for number, fold in enumerate(split.folds):
        test = matured.iloc[fold.test].reset_index(drop=True)
        prob = predictions.loc[predictions["fold"] == number, MODEL].to_numpy(dtype=np.float64)
        part = _part(panel, test, prob, seed)
        if part:
            yield part


def _part(panel: Panel, test: pd.DataFrame, prob: FloatArray, seed: int) -> _Part | None:
    """What was learnt of all rows before an origin, as far as they were followed until then, and what came of it."""
    if panel.departures is None or panel.observed_until is None:
        return None
    definition = panel.definition
    rows, horizon = followed(panel, panel.departures, test["as_of"].min()), definition.horizon_days
    curve = fit_curve(rows, leaves=CURVE_LEAVES, horizon_days=horizon, seed=seed)
    if curve is None:
        return None
    cox = Cox.fit(rows.some(COX_ROWS, seed), seed=seed)
    stayed = {CURVE: curve.stayed(test, prob, horizon), COX: cox.stayed(test, curve.days)}
    truth = lifetimes(test, panel.departures, known_until(definition, panel.observed_until))
    return _Part(test["account_id"], truth, stayed)


def _judged(parts: list[_Part], seed: int) -> CurveJudged | None:
    n_periods = min(part.stayed[CURVE].shape[1] for part in parts)
    followed = np.concatenate([part.lives.followed for part in parts])
    days = np.arange(1, n_periods + 1) * float(PERIOD_DAYS)
    days = days[[(followed >= day).mean() >= FOLLOWED for day in days]]
    if not len(days):
        return None
    lives = _together([part.lives for part in parts])
    accounts = pd.concat([part.accounts for part in parts], ignore_index=True)
    stayed = {
        name: np.concatenate([np.stack([at_days(part.stayed[name], day) for day in days], axis=1) for part in parts])
        for name in (CURVE, COX)
    }
    scores = {name: brier_scores(lives, probs, days).mean(axis=1) for name, probs in stayed.items()}
    drawn = _resampled(scores, accounts, seed)
    return CurveJudged(
        float(days[-1]),
        len(accounts),
        int(accounts.nunique()),
        int((lives.left & (lives.days <= days[-1])).sum()),
        {name: percentile_interval(float(own.mean()), drawn[name]) for name, own in scores.items()},
        {name: c_index(lives, -probs.sum(axis=1), float(days[-1])) for name, probs in stayed.items()},
        percentile_interval(float((scores[COX] - scores[CURVE]).mean()), drawn[COX] - drawn[CURVE]),
    )


def _together(parts: list[Lifetimes]) -> Lifetimes:
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("days", "followed", "left", "way"))
    return Lifetimes(*columns)


def _resampled(scores: dict[str, FloatArray], accounts: pd.Series, seed: int) -> dict[str, FloatArray]:
    """The mean score of each learner on the same resamples of accounts."""
    chunks = [
        {name: weights @ own / weights.sum(axis=1) for name, own in scores.items()}
        for weights in resampled_weights(accounts, RESAMPLES, seed=seed)
    ]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in scores}
