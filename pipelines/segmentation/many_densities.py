"""Densities of a mixture compiled for many accounts, in the order in which `density` adds up: the same bits."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True, error_model="numpy")
def diagonal(X, constants, means, variances, logs, log_probs):
    """Return log(weight x density), shape (n, k), of independent columns, missing ones left out."""
    n, (k, d) = X.shape[0], means.shape
    joint = np.empty((n, k))
    for part in range(k):
        for row in range(n):
            total = 0.0
            for column in range(d):
                x = X[row, column]
                if not np.isnan(x):
                    apart = x - means[part, column]
                    total += apart * apart / variances[part, column] + logs[part, column]
            joint[row, part] = constants[part] - 0.5 * total + _levels(X, row, d, log_probs[part])
    return joint


@numba.njit(cache=True, nogil=True, error_model="numpy")
def full(X, constants, means, whitenings, log_probs):
    """Return log(weight x density), shape (n, k), of columns that go together; whitenings W have W'W = inverse."""
    n, (k, d) = X.shape[0], means.shape
    joint = np.empty((n, k))
    centred = np.empty(d)
    for part in range(k):
        for row in range(n):
            for column in range(d):
                x = X[row, column]
                centred[column] = (0.0 if np.isnan(x) else x) - means[part, column]
            total = 0.0
            for line in range(d):
                whitened = 0.0
                for column in range(line + 1):
                    whitened += whitenings[part, line, column] * centred[column]
                total += whitened * whitened
            joint[row, part] = constants[part] - 0.5 * total + _levels(X, row, d, log_probs[part])
    return joint


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _levels(X, row, first, log_probs):
    """The log-probability of a row's levels: the columns from `first` on are 1 for its own level, else 0."""
    total = 0.0
    for level in range(len(log_probs)):
        if X[row, first + level] > 0:
            total += log_probs[level]
    return total
