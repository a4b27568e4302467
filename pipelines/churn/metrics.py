"""Figures of merit, for many weightings of the same rows at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import FloatArray
from pipelines.churn.population import row_weights, weighted_quantiles

Bools = npt.NDArray[np.bool_]

ECE_BINS = 15
LIFT_SHARE = 0.1

BETTER = {"auc": 1, "average_precision": 1, "log_loss": -1, "brier": -1, "ece": -1, "lift": 1}
"""Every figure of `figures`: 1 where higher is better, -1 where lower is."""


def log_losses(churned: Bools, prob: FloatArray) -> FloatArray:
    """Return (n,) the log loss of each row, in nats.

    >>> log_losses(np.array([True, False]), np.array([0.5, 0.5])).round(3).tolist()
    [0.693, 0.693]
    """
    return -np.log(np.where(churned, prob, 1 - prob))


def auc(churned: Bools, prob: FloatArray) -> float:
    """Return the probability that a churner is ranked above one who stayed, ties counting half.

    >>> auc(np.array([True, False, False]), np.array([0.9, 0.1, 0.9]))
    0.75
    """
    return float(_auc(_ranked(churned, prob, np.ones((1, len(prob)))))[0])


def figures(churned: Bools, prob: FloatArray, weights: FloatArray, *, kept_share: float = 1.0) -> dict[str, FloatArray]:
    """Return each figure under each weighting of the rows, (b,) for weights (b, n), of the population they stand for.

    `kept_share` says how many of the rows that did not churn were kept.

    auc, average_precision
        As in scikit-learn, equal probabilities taken as one step.
    log_loss, brier
        Means over rows.
    ece
        Expected calibration error: mean absolute distance between churn rate and mean probability over 15 bins of equal
        count (equal probabilities stay in one bin), weighted by the bins' sizes. The bins do not depend on `weights`.
        Noise adds to it, more so in a resample: its interval may lie above its value.
    lift
        Churn rate among the 10 % most at risk, as a multiple of the overall churn rate.

    Ranking figures are NaN for a weighting in which nobody churned or nobody stayed.
    """
    stands_for = row_weights(churned, kept_share)
    weights = weights * stands_for
    ranked = _ranked(churned, prob, weights)
    total = weights.sum(axis=1)
    return {
        "auc": _auc(ranked),
        "average_precision": _average_precision(ranked),
        "log_loss": weights @ log_losses(churned, prob) / total,
        "brier": weights @ np.square(prob - churned) / total,
        "ece": _ece(churned, prob, weights, stands_for),
        "lift": _lift(ranked),
    }


@dataclass(frozen=True)
class _Ranked:
    """Weight of all rows and of churners at each distinct probability, highest first, each (b, g)."""

    everyone: FloatArray
    churners: FloatArray


def _ranked(churned: Bools, prob: FloatArray, weights: FloatArray) -> _Ranked:
    order = np.argsort(-prob, kind="stable")
    starts = np.flatnonzero(np.diff(prob[order], prepend=np.inf))
    weighed = weights[:, order]
    churners = np.add.reduceat(weighed * churned[order], starts, axis=1)
    return _Ranked(np.add.reduceat(weighed, starts, axis=1), churners)


def _auc(ranked: _Ranked) -> FloatArray:
    stayed = ranked.everyone - ranked.churners
    below = stayed.sum(axis=1, keepdims=True) - stayed.cumsum(axis=1)
    pairs = ranked.churners.sum(axis=1) * stayed.sum(axis=1)
    return _ratio((ranked.churners * (below + stayed / 2)).sum(axis=1), pairs)


def _average_precision(ranked: _Ranked) -> FloatArray:
    precision = _ratio(ranked.churners.cumsum(axis=1), ranked.everyone.cumsum(axis=1), otherwise=0.0)
    return _ratio((ranked.churners * precision).sum(axis=1), ranked.churners.sum(axis=1))


def _lift(ranked: _Ranked) -> FloatArray:
    total = ranked.everyone.sum(axis=1, keepdims=True)
    room = LIFT_SHARE * total - (ranked.everyone.cumsum(axis=1) - ranked.everyone)
    # Those who share the last probability are taken in proportion, as if drawn from among themselves.
    taken = np.clip(_ratio(room, ranked.everyone, otherwise=0.0), 0.0, 1.0)
    found = (taken * ranked.churners).sum(axis=1)
    return _ratio(found / LIFT_SHARE, ranked.churners.sum(axis=1))


def _ece(churned: Bools, prob: FloatArray, weights: FloatArray, stands_for: FloatArray) -> FloatArray:
    edges = np.unique(weighted_quantiles(prob, stands_for, np.linspace(0, 1, ECE_BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, prob, side="left")
    order = np.argsort(bins, kind="stable")
    starts = np.flatnonzero(np.diff(bins[order], prepend=-1))
    gaps = np.add.reduceat((weights * (prob - churned))[:, order], starts, axis=1)
    return _ratio(np.abs(gaps).sum(axis=1), weights.sum(axis=1))


def _ratio(above: FloatArray, below: FloatArray, otherwise: float = np.nan) -> FloatArray:
    return np.divide(above, below, out=np.full_like(below, otherwise), where=below > 0)
