"""How likely accounts are under each component of a mixture: the same bits for one account and for a million.

Sums run over columns in a fixed order, not through matrix products. A service answers for a few accounts at a time and
does so with numpy; where there are many the compiled `many_densities` does the same sums.
"""

from __future__ import annotations

import numpy as np

from pipelines.churn.encoder import FloatArray

MANY = 2_000


def diagonal_log_joint(
    X: FloatArray, weights: FloatArray, means: FloatArray, variances: FloatArray, log_probs: FloatArray
) -> FloatArray:
    """Return log(weight x density), shape (n, k), of independent columns, missing ones left out."""
    constants, logs, d = np.log(weights), np.log(2 * np.pi * variances), means.shape[1]
    if len(X) > MANY:
        from pipelines.segmentation import many_densities

        compiled: FloatArray = many_densities.diagonal(X, constants, means, variances, logs, log_probs)
        return compiled
    total = np.zeros((len(X), len(means)))
    for column in range(d):
        apart = X[:, [column]] - means[:, column]
        terms = apart * apart / variances[:, column] + logs[:, column]
        total += np.where(np.isnan(apart), 0.0, terms)
    return np.asarray(constants - 0.5 * total + _levels(X[:, d:], log_probs))


def full_log_joint(
    X: FloatArray, weights: FloatArray, means: FloatArray, whitenings: FloatArray, log_probs: FloatArray
) -> FloatArray:
    """Return log(weight x density), shape (n, k); whitenings W (k, d, d), lower triangular, have W'W = inverse."""
    d = means.shape[1]
    constants = np.log(weights) - 0.5 * d * np.log(2 * np.pi)
    constants = constants + np.log(np.diagonal(whitenings, axis1=1, axis2=2)).sum(axis=1)
    if len(X) > MANY:
        from pipelines.segmentation import many_densities

        compiled: FloatArray = many_densities.full(X, constants, means, whitenings, log_probs)
        return compiled
    numbers = np.nan_to_num(X[:, :d])
    centred, total = numbers[:, None, :] - means, np.zeros((len(X), len(means)))
    for line in range(d):
        whitened = np.zeros((len(X), len(means)))
        for column in range(line + 1):
            whitened += whitenings[:, line, column] * centred[:, :, column]
        total += whitened * whitened
    return np.asarray(constants - 0.5 * total + _levels(X[:, d:], log_probs))


def _levels(levels: FloatArray, log_probs: FloatArray) -> FloatArray:
    """The log-probability (n, k) of the rows' levels (n, c), each 1 for a row's own level, else 0."""
    total = np.zeros((len(levels), len(log_probs)))
    for level in range(log_probs.shape[1]):
        total += np.where(levels[:, [level]] > 0, log_probs[:, level], 0.0)
    return total
