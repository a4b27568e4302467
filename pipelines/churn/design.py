"""Encoded rows as a linear model takes them, with numpy alone: logarithms, indicators, all of one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import Encoder, FloatArray, Matrix

MOST_LEVELS = 20


@dataclass(frozen=True)
class Design:
    """How columns are made: numbers (logarithms, the median where missing), who lacks which, and levels.

    Attributes
    ----------
    numbers, categories
        Positions among the encoded columns.
    medians
        Of the logarithms of the numbers.
    lacking
        Positions of the columns that some lacked.
    mean, scale
        Of the finished columns.
    """

    numbers: npt.NDArray[np.intp]
    categories: npt.NDArray[np.intp]
    medians: FloatArray
    lacking: npt.NDArray[np.intp]
    mean: FloatArray
    scale: FloatArray

    @classmethod
    def fit(cls, X: Matrix, encoder: Encoder) -> Design:
        """Return the design of encoded rows."""
        is_number = np.array([feature.kind == "number" for feature in encoder.features], dtype=bool)
        numbers, categories = np.flatnonzero(is_number), np.flatnonzero(~is_number)
        logs = _logs(X, numbers)
        medians = np.array([np.median(one[~np.isnan(one)]) if (~np.isnan(one)).any() else 0.0 for one in logs.T])
        lacking = np.flatnonzero(np.isnan(X).any(axis=0))
        raw = cls(numbers, categories, medians, lacking, np.zeros(0), np.zeros(0))
        columns = raw._columns(X)
        scale = columns.std(axis=0)
        # What was the same for all says nothing of anybody.
        return cls(numbers, categories, medians, lacking, columns.mean(axis=0), np.where(scale > 0, scale, np.inf))

    def transform(self, X: Matrix) -> FloatArray:
        """Return (n, q) columns of mean 0 and standard deviation 1 among the rows that were fitted."""
        return (self._columns(X) - self.mean) / self.scale

    def _columns(self, X: Matrix) -> FloatArray:
        logs = _logs(X, self.numbers)
        logs = np.where(np.isnan(logs), self.medians, logs)
        missing = np.isnan(X[:, self.lacking]).astype(np.float64)
        levels = [(X[:, [one]] == np.arange(MOST_LEVELS)).astype(np.float64) for one in self.categories]
        return np.concatenate([logs, missing, *levels], axis=1)


def _logs(X: Matrix, numbers: npt.NDArray[np.intp]) -> FloatArray:
    return np.asarray(signed_log(X[:, numbers].astype(np.float64)), dtype=np.float64)


def signed_log(X: Matrix | FloatArray) -> Matrix | FloatArray:
    """Return sign(x) log(1 + abs(x)), which tames long tails on both sides.

    >>> signed_log(np.array([-(np.e - 1), 0.0])).tolist()
    [-1.0, 0.0]
    """
    logs = np.abs(X)
    np.log1p(logs, out=logs)
    return np.copysign(logs, X, out=logs)
