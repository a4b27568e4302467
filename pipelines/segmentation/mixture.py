"""A mixture as plain numbers, and the membership probabilities that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.density import diagonal_log_joint, full_log_joint

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Mixture:
    """k components, each Gaussian in d numbers and multinomial in each category.

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
    log_probs
        Shape (k, c): of each level of each category, which stand behind the numbers as columns of 0 and 1.
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    n_parameters: int
    log_probs: FloatArray

    @classmethod
    def of_numbers(cls, weights: FloatArray, means: FloatArray, covariances: FloatArray, n_parameters: int) -> Mixture:
        """Return a mixture without categories."""
        return cls(weights, means, covariances, n_parameters, np.zeros((len(weights), 0)))

    def posterior(self, X: FloatArray) -> FloatArray:
        """Return each row's membership probabilities, shape (n, k), rows sum to 1; an all-missing row is NaN.

        >>> pair = Mixture.of_numbers(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones((2, 1)), 3)
        >>> pair.posterior(np.array([[0.0], [np.nan]])).tolist()
        [[0.5, 0.5], [nan, nan]]
        """
        log_joint = self.log_joint(X)
        unnormalised = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
        probabilities: FloatArray = unnormalised / unnormalised.sum(axis=1, keepdims=True)
        probabilities[np.isnan(X).all(axis=1)] = np.nan
        return probabilities

    def assign(self, X: FloatArray) -> IntArray:
        """Return the most probable component of each row, shape (n,)."""
        parts: IntArray = np.argmax(self.log_joint(X), axis=1)
        return parts

    def log_likelihood(self, X: FloatArray) -> FloatArray:
        """Return the log-density of each row, shape (n,)."""
        log_joint = self.log_joint(X)
        highest = log_joint.max(axis=1)
        found: FloatArray = highest + np.log(np.exp(log_joint - highest[:, None]).sum(axis=1))
        return found

    def bic(self, X: FloatArray) -> float:
        """Return Schwarz's information criterion on these rows: lower is better."""
        return float(self.n_parameters * np.log(len(X)) - 2 * self.log_likelihood(X).sum())

    def surprise(self, X: FloatArray) -> FloatArray:
        """Return how little each row (n,) is like any account: minus its log-density for each thing known of it."""
        n_numbers = self.means.shape[1]
        n_known = (~np.isnan(X[:, :n_numbers])).sum(axis=1) + (X[:, n_numbers:] > 0).sum(axis=1)
        found: FloatArray = -self.log_likelihood(X) / np.maximum(n_known, 1)
        return found

    def reordered(self, order: IntArray) -> Mixture:
        """Return the same mixture with its components in another order."""
        return Mixture(
            self.weights[order], self.means[order], self.covariances[order], self.n_parameters, self.log_probs[order]
        )

    def log_joint(self, X: FloatArray) -> FloatArray:
        """Return log(weight x density) by row and component, shape (n, k)."""
        X = np.ascontiguousarray(X, dtype=np.float64)
        if self.covariances.ndim == 2:
            return diagonal_log_joint(X, self.weights, self.means, self.covariances, self.log_probs)
        return full_log_joint(X, self.weights, self.means, self.whitenings, self.log_probs)

    @cached_property
    def whitenings(self) -> FloatArray:
        """Return lower triangular W with W'W = inverse covariance, shape (k, d, d)."""
        return np.ascontiguousarray(np.linalg.inv(np.linalg.cholesky(self.covariances)))

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as plain JSON types."""
        arrays = {name: getattr(self, name).tolist() for name in ("weights", "means", "covariances", "log_probs")}
        return arrays | {"n_parameters": self.n_parameters}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Mixture:
        """Return the mixture that `to_json` wrote."""
        k = len(saved["weights"])
        weights, means, covariances, log_probs = (
            np.array(saved[name], float) for name in ("weights", "means", "covariances", "log_probs")
        )
        means, log_probs = means.reshape(k, -1), log_probs.reshape(k, -1)
        shape = (k, means.shape[1]) if covariances.ndim == 2 else (k, means.shape[1], means.shape[1])
        return cls(weights, means, covariances.reshape(shape), saved["n_parameters"], log_probs)
