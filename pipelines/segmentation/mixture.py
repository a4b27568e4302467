"""A Gaussian mixture as plain numbers, and the membership probabilities that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import FloatArray

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Mixture:
    """Weights, means and covariances of k Gaussian components in d dimensions.

    Every segmentation ends here, whatever algorithm found it: centres of KMeans are a mixture of equal, spherical
    components of equal weight, whose most probable component is the nearest centre.

    Attributes
    ----------
    weights
        Shape (k,), sum 1.
    means
        Shape (k, d).
    covariances
        Shape (k, d), variances only, when missing values are allowed; or (k, d, d).
    n_parameters
        Free parameters that the algorithm estimated, for BIC.
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    n_parameters: int

    def posterior(self, X: FloatArray) -> FloatArray:
        """Return each row's membership probabilities, shape (n, k), rows sum to 1; an all-missing row is NaN.

        >>> pair = Mixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones((2, 1)), 3)
        >>> pair.posterior(np.array([[0.0], [np.nan]])).tolist()
        [[0.5, 0.5], [nan, nan]]
        """
        log_joint = self._log_joint(X)
        unnormalised = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
        probabilities: FloatArray = unnormalised / unnormalised.sum(axis=1, keepdims=True)
        probabilities[np.isnan(X).all(axis=1)] = np.nan
        return probabilities

    def assign(self, X: FloatArray) -> IntArray:
        """Return the most probable component of each row, shape (n,)."""
        parts: IntArray = np.argmax(self._log_joint(X), axis=1)
        return parts

    def bic(self, X: FloatArray) -> float:
        """Return Schwarz's information criterion on these rows: lower is better."""
        log_joint = self._log_joint(X)
        highest = log_joint.max(axis=1)
        log_likelihood = highest + np.log(np.exp(log_joint - highest[:, None]).sum(axis=1))
        return float(self.n_parameters * np.log(len(X)) - 2 * log_likelihood.sum())

    def reordered(self, order: IntArray) -> Mixture:
        """Return the same mixture with its components in another order."""
        return Mixture(self.weights[order], self.means[order], self.covariances[order], self.n_parameters)

    def _log_joint(self, X: FloatArray) -> FloatArray:
        """Return log(weight x density) by row and component.

        Sums run over columns in a fixed order, not through matrix products, so that one row gives the same bits alone
        and among a million.
        """
        log_density = self._log_density if self.covariances.ndim == 2 else self._log_density_full
        return np.log(self.weights) + np.column_stack([log_density(X, part) for part in range(len(self.weights))])

    def _log_density(self, X: FloatArray, part: int) -> FloatArray:
        total = np.zeros(len(X))
        for column, mean, variance in zip(X.T, self.means[part], self.covariances[part], strict=True):
            terms = (column - mean) ** 2 / variance + np.log(2 * np.pi * variance)
            total += np.where(np.isnan(column), 0.0, terms)
        return -0.5 * total

    def _log_density_full(self, X: FloatArray, part: int) -> FloatArray:
        whitening = self._whitenings[part]
        centred = np.nan_to_num(X) - self.means[part]
        total = np.full(len(X), centred.shape[1] * np.log(2 * np.pi) - 2 * np.log(np.diag(whitening)).sum())
        for row in range(len(whitening)):
            whitened = np.zeros(len(X))
            for column in range(row + 1):
                whitened += whitening[row, column] * centred[:, column]
            total += whitened**2
        return -0.5 * total

    @cached_property
    def _whitenings(self) -> FloatArray:
        """Lower triangular W with W'W = inverse covariance, shape (k, d, d)."""
        return np.linalg.inv(np.linalg.cholesky(self.covariances))

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as plain JSON types."""
        arrays = {name: getattr(self, name).tolist() for name in ("weights", "means", "covariances")}
        return arrays | {"n_parameters": self.n_parameters}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Mixture:
        """Return the mixture that `to_json` wrote."""
        weights, means, covariances = (np.array(saved[name], float) for name in ("weights", "means", "covariances"))
        return cls(weights, means, covariances, saved["n_parameters"])
