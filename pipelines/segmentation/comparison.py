"""Which segmentation tells most: of churn, revenue and experience that were counted later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipelines.churn.bootstrap import Interval, percentile_interval, resampled_weights
from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.mixture import IntArray

FOLDS = 10
RESAMPLES = 500
FEWEST = 100
"""Accounts of which all is known; with fewer nothing can be held out."""


@dataclass(frozen=True)
class Told:
    """How much of an outcome a segmentation tells: the share of its variance, held out, with a 95 % interval."""

    segmentation: str
    n_segments: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """What the segmentations tell of one outcome, the most telling first, on the same `n` accounts."""

    outcome: str
    n: int
    told: tuple[Told, ...]
    sentence: str


def compare(outcome: str, values: FloatArray, segments: Mapping[str, IntArray], *, seed: int) -> Comparison:
    """Return how much of the outcome each segmentation tells of accounts that it has not seen.

    Each account is predicted by the mean of its segment among other accounts (ten folds), which is set against the mean
    of all of those: 1 - (squared error of the one) / (squared error of the other), predictive R squared. Below 0 the
    segments tell nothing. All are compared on the accounts of which each segmentation knows the place; intervals and
    differences come from accounts drawn with replacement, the same for all.

    Parameters
    ----------
    values
        shape (n,), NaN where not known; churn as 0 and 1.
    segments
        by segmentation, shape (n,), -1 where not known.
    """
    divided = {name: own for name, own in segments.items() if len(np.unique(own[own >= 0])) > 1}
    is_known = ~np.isnan(values) & np.all([own >= 0 for own in divided.values()], axis=0)
    n, y = int(is_known.sum()), values[is_known]
    if not divided:
        return Comparison(outcome, 0, (), "nothing to compare: no segmentation has two segments")
    if n < FEWEST or np.ptp(y) == 0:
        why = f"cannot be told: {n:,} accounts are known in full (at least {FEWEST})" if n < FEWEST else "all are equal"
        return Comparison(outcome, n, (), why)
    folds = np.random.default_rng(seed).permutation(n) % FOLDS
    of_all = (y - _held_out(y, np.zeros(n, dtype=np.intp), folds)) ** 2
    errors = {name: (y - _held_out(y, own[is_known], folds)) ** 2 for name, own in divided.items()}
    drawn: dict[str, list[FloatArray]] = {name: [] for name in errors}
    for weights in resampled_weights(np.arange(n), RESAMPLES, seed=seed):
        for name, error in errors.items():
            drawn[name].append(1 - weights @ error / (weights @ of_all))
    resampled = {name: np.concatenate(parts) for name, parts in drawn.items()}
    shares = {name: float(1 - error.sum() / of_all.sum()) for name, error in errors.items()}
    intervals = {name: percentile_interval(share, resampled[name]) for name, share in shares.items()}
    ranked = sorted(shares, key=lambda name: -shares[name])
    told = tuple(Told(name, len(np.unique(divided[name][is_known])), *_plain(intervals[name])) for name in ranked)
    return Comparison(outcome, n, told, _verdict(told, resampled))


def _held_out(y: FloatArray, segments: IntArray, folds: IntArray) -> FloatArray:
    """The mean of each account's segment among the accounts of the other folds; the mean of all where it has none."""
    found = np.empty(len(y))
    for fold in range(FOLDS):
        judged, known = folds == fold, folds != fold
        k = int(segments.max()) + 1
        counts = np.bincount(segments[known], minlength=k)
        sums = np.bincount(segments[known], weights=y[known], minlength=k)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), y[known].mean())
        found[judged] = means[segments[judged]]
    return found


def _verdict(told: tuple[Told, ...], resampled: Mapping[str, FloatArray]) -> str:
    best = told[0]
    words = f"{best.segmentation} segments tell {best.share:.1%} of it ({best.low:.1%} to {best.high:.1%})"
    if best.low <= 0:
        return f"no segmentation tells anything of it beyond doubt; at best, {words}"
    if len(told) == 1:
        return f"{words}; there is no other segmentation to compare them with"
    second = told[1]
    ahead = percentile_interval(0.0, resampled[best.segmentation] - resampled[second.segmentation])
    rest = f"{second.segmentation} segments {second.share:.1%} ({second.low:.1%} to {second.high:.1%})"
    if ahead.low > 0:
        return f"{words}, most of all; {rest}"
    return f"cannot be told apart: {words}, {rest}"


def _plain(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high
