"""Whether segments come back when the accounts are sampled anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.mixture import IntArray, Mixture

MixtureFit = Callable[[FloatArray, int, int], Mixture | None]
"""(rows, number of components, seed) -> the mixture, or None where the algorithm found none."""

REFITS = 5
ROWS = 2000
NATURAL = 0.75
"""Hennig's mark for a cluster that is there: below it a segment is a cut that somebody chose, "constructed"."""


class Stability(NamedTuple):
    """How well segments come back, 0 to 1: all together (adjusted Rand index), and each of them (Jaccard index)."""

    together: float
    each: tuple[float, ...]


def stability(X: FloatArray, mixture: Mixture, fit: MixtureFit, *, seed: int) -> Stability:
    """Return the agreement between these segments and those of refits on bootstrap samples, the median over refits.

    1 means that resampling changes no account's segment, 0 that the refits agree no better than chance. The median, so
    that one refit stuck in a poor optimum does not decide. Of one segment: the Jaccard index with the refit's segment
    that is most like it. Hennig (2007), Cluster-wise assessment of cluster stability, Computational Statistics & Data
    Analysis 52.
    """
    from sklearn.metrics import adjusted_rand_score

    rng, k = np.random.default_rng(seed), len(mixture.weights)
    own = mixture.assign(X)
    together, each = [], []
    for _ in range(REFITS):
        sample = X[rng.integers(0, len(X), min(len(X), ROWS))]
        refit = fit(sample, k, int(rng.integers(2**31)))
        other = None if refit is None else refit.assign(X)
        together.append(0.0 if other is None else float(adjusted_rand_score(own, other)))
        each.append(np.zeros(k) if other is None else jaccard(own, other, k, k).max(axis=1))
    return Stability(float(np.median(together)), tuple(np.median(each, axis=0).tolist()))


def jaccard(one: IntArray, other: IntArray, k_one: int, k_other: int) -> FloatArray:
    """Return the Jaccard index of each segment of one partition with each of another, shape (k_one, k_other).

    >>> jaccard(np.array([0, 0, 1, 1]), np.array([1, 1, 1, 0]), 2, 2).round(2).tolist()
    [[0.0, 0.67], [0.5, 0.25]]
    """
    both = overlap(one, other, k_one, k_other)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both
    found: FloatArray = both / np.maximum(either, 1)
    return found


def overlap(one: IntArray, other: IntArray, k_one: int, k_other: int) -> IntArray:
    """Return how many accounts are in each segment of one partition and each of another, shape (k_one, k_other)."""
    return np.bincount(one * k_other + other, minlength=k_one * k_other).reshape(k_one, k_other)
