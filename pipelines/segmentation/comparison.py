"""Which segmentation tells most: of churn, revenue and experience that were counted later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipelines.churn.bootstrap import percentile_interval, resampled_weights
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
    """What the segmentations tell of one outcome, the most telling first, on the same rows of `n` accounts."""

    outcome: str
    n: int
    told: tuple[Told, ...]
    sentence: str


def compare(
    outcome: str, values: FloatArray, segments: Mapping[str, IntArray], accounts: IntArray, *, seed: int
) -> Comparison:
    """Return how much of the outcome each segmentation tells of accounts that it has not seen.

    Each row is predicted by the mean of its segment among other accounts (ten folds), which is set against the mean of
    all of those: 1 - (squared error of the one) / (squared error of the other), predictive R squared. Below 0 the
    segments tell nothing. All are compared on the rows of which each segmentation knows the place; intervals and
    differences come from accounts drawn with replacement, the same for all.

    Parameters
    ----------
    values
        shape (n,), NaN where not known; churn as 0 and 1.
    segments
        by segmentation, shape (n,), -1 where not known.
    accounts
        shape (n,), whose row each is.
    """
    divided = {name: own for name, own in segments.items() if len(np.unique(own[own >= 0])) > 1}
    if not divided:
        return Comparison(outcome, 0, (), "nothing to compare: no segmentation has two segments")
    is_known = ~np.isnan(values) & np.all([own >= 0 for own in divided.values()], axis=0)
    y, account = values[is_known], np.unique(accounts[is_known], return_inverse=True)[1]
    n = int(account.max(initial=-1)) + 1
    if n < FEWEST:
        return Comparison(outcome, n, (), f"cannot be told: {n:,} accounts are known in full (at least {FEWEST})")
    if np.ptp(y) == 0:
        return Comparison(outcome, n, (), "cannot be told: it is the same for all accounts")
    folds = (np.random.default_rng(seed).permutation(n) % FOLDS)[account]

    def lost(own: IntArray) -> FloatArray:
        """The squared error by account, which is all that drawing accounts needs."""
        return np.asarray(np.bincount(account, weights=(y - _held_out(y, own, folds)) ** 2), dtype=np.float64)

    of_all = lost(np.zeros(len(y), dtype=np.intp))
    errors = {name: lost(own[is_known]) for name, own in divided.items()}
    drawn: dict[str, list[FloatArray]] = {name: [] for name in errors}
    for weights in resampled_weights(np.arange(n), RESAMPLES, seed=seed):
        for name, error in errors.items():
            drawn[name].append(1 - weights @ error / (weights @ of_all))
    resampled = {name: np.concatenate(parts) for name, parts in drawn.items()}
    found = {
        name: percentile_interval(1 - error.sum() / of_all.sum(), resampled[name]) for name, error in errors.items()
    }
    told = tuple(
        Told(name, len(np.unique(divided[name][is_known])), one.value, one.low, one.high)
        for name, one in sorted(found.items(), key=lambda pair: -pair[1].value)
    )
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
