"""Uncertainty when the accounts, not the rows, are the independent units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import FloatArray

CHUNK_CELLS = 4_000_000
Z = 1.959963984540054
"""Standard errors to either side of a normal 95 % interval."""


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def resampled_weights(accounts: Any, n_resamples: int, *, seed: int) -> Iterator[FloatArray]:
    """Yield (b, n) weights in chunks, `n_resamples` rows in all: how often each row's account was drawn.

    Accounts are drawn with replacement, and an account brings all its rows: its rows at different cutoffs resemble each
    other, and resampling rows would call that agreement evidence.

    >>> next(resampled_weights(["a", "a", "b"], 3, seed=0)).tolist()
    [[0.0, 0.0, 2.0], [1.0, 1.0, 1.0], [2.0, 2.0, 0.0]]
    """
    _, account = np.unique(np.asarray(accounts), return_inverse=True)
    n_accounts = int(account.max()) + 1
    rng = np.random.default_rng(seed)
    per_chunk = max(1, CHUNK_CELLS // len(account))
    for start in range(0, n_resamples, per_chunk):
        size = min(per_chunk, n_resamples - start)
        yield np.array([_draw(rng, n_accounts)[account] for _ in range(size)])


def _draw(rng: np.random.Generator, n_accounts: int) -> FloatArray:
    return np.bincount(rng.integers(n_accounts, size=n_accounts), minlength=n_accounts).astype(np.float64)


def percentile_interval(value: float, resamples: FloatArray) -> Interval:
    """Return the value with the 2.5th and 97.5th percentile of its resamples (Efron 1979).

    A resample in which the figure is not defined (nobody churned) is left out.
    """
    low, high = np.nanpercentile(resamples, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))


def clustered_mean(values: FloatArray, accounts: npt.NDArray[np.intp], weights: FloatArray) -> tuple[float, float]:
    """Return the weighted mean of `values`, whose rows are independent between accounts only, and its standard error.

    >>> clustered_mean(np.array([1.0, 1.0, 3.0, 3.0]), np.array([0, 0, 1, 1]), np.ones(4))
    (2.0, 1.0)
    """
    _, account = np.unique(accounts, return_inverse=True)
    total = weights.sum()
    mean = (weights * values).sum() / total
    sums = np.bincount(account, weights=weights * (values - mean))
    return float(mean), float(np.sqrt(sums @ sums * len(sums) / max(len(sums) - 1, 1)) / total)


def share_interval(share: float, error: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share with that standard error, taken on the scale of log-odds: it stays within 0
    and 1 (Korn and Graubard 1998, Survey Methodology 24). Of none or all out of n it is Wilson's (1927, JASA 22).

    >>> [round(end, 4) for end in share_interval(0.1, 0.03, 100)]
    [0.0547, 0.176]
    >>> [round(end, 4) for end in share_interval(0.0, 0.0, 100)]
    [0.0, 0.037]
    """
    if not 0 < share < 1:
        far = Z**2 / (n + Z**2)
        return (0.0, far) if share <= 0 else (1 - far, 1.0)
    middle, reach = np.log(share / (1 - share)), Z * error / (share * (1 - share))
    return float(1 / (1 + np.exp(reach - middle))), float(1 / (1 + np.exp(-reach - middle)))
