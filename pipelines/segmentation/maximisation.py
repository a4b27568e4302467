"""The mixture that given memberships make most likely: the second step of expectation and maximisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.mixture import Mixture

Maximise = Callable[[FloatArray], Mixture]
"""Membership probabilities (n, k) -> mixture."""

PRIOR = 0.5
"""Accounts of each level that every segment has beforehand (Jeffreys), so that no level is impossible anywhere."""


def joint_normal(
    X: FloatArray, floor: float, categories: Sequence[Sequence[int]] = (), *, is_tied: bool = False
) -> Maximise:
    """Return the step for numbers that are jointly normal in each component, and categories independent of them.

    Parameters
    ----------
    floor
        added to every variance.
    categories
        the columns of X that stand for each category's levels; all numbers come before them.
    is_tied
        whether all components have one covariance.
    """
    first = min((place for places in categories for place in places), default=X.shape[1])
    numbers, levels = X[:, :first], X[:, first:]

    def maximise(of: FloatArray) -> Mixture:
        totals, k = of.sum(axis=0), of.shape[1]
        means = of.T @ numbers / totals[:, None]
        covariances = np.empty((k, first, first))
        for part in range(k):
            centred = np.sqrt(of[:, part, None]) * (numbers - means[part])
            covariances[part] = centred.T @ centred / totals[part]
        if is_tied:
            covariances[:] = np.tensordot(totals / len(X), covariances, axes=1)
        covariances += floor * np.eye(first)
        counts = of.T @ levels + PRIOR
        log_probs = np.empty_like(counts)
        for places in categories:
            own = np.array(places) - first
            log_probs[:, own] = np.log(counts[:, own] / counts[:, own].sum(axis=1, keepdims=True))
        shapes = (1 if is_tied else k) * first * (first + 1) // 2
        n_parameters = k * (first + sum(len(places) - 1 for places in categories)) + shapes + k - 1
        return Mixture(totals / len(X), means, covariances, n_parameters, log_probs)

    return maximise


def independent_normal(X: FloatArray, floor: float) -> Maximise:
    """Return the step for numbers that are independent in each component; missing ones (NaN) count for nothing.

    Little and Rubin (2019), Statistical Analysis with Missing Data, chapter 11.
    """
    is_known = ~np.isnan(X)
    filled, is_there = np.where(is_known, X, 0.0), is_known.astype(float)
    squares = filled**2

    def maximise(of: FloatArray) -> Mixture:
        counts = np.maximum(of.T @ is_there, 1e-9)
        means = of.T @ filled / counts
        variances = np.maximum(of.T @ squares / counts - means**2, 0.0) + floor
        return Mixture.of_numbers(of.sum(axis=0) / len(of), means, variances, 2 * means.size + of.shape[1] - 1)

    return maximise
