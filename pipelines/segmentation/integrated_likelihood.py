"""What KMeans' own criterion cannot tell: whether a split says more than that a category has levels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.mixture import Mixture
from pipelines.segmentation.preparation import Preparation

Criterion = Callable[[FloatArray, Mixture], float]
"""(rows, mixture) -> lower is better; differences above 10 are clear."""

VARIANCE_FLOOR = 0.01


def bic(_: Preparation) -> Criterion:
    """Return the mixture's own BIC as the criterion."""
    return lambda X, mixture: mixture.bic(X)


def integrated_likelihood(preparation: Preparation) -> Criterion:
    """Return the integrated completed likelihood of the partition, on BIC's scale, as the criterion.

    Within a segment numbers are taken as jointly normal and categories as independent of them and of each other.
    Cutting one cloud in two, or a category by its levels, gains nothing then, whereas KMeans' spherical BIC rewards
    both without end: on sets of two to four known segments it asked for five or six. Biernacki, Celeux and Govaert
    (2000), Assessing a mixture model for clustering with the integrated completed likelihood, IEEE Transactions on
    Pattern Analysis and Machine Intelligence 22(7).
    """
    axes = preparation.axes()
    numbers = [place for place, (_, level) in enumerate(axes) if level is None]
    names = dict.fromkeys(name for name, level in axes if level is not None)
    categories = [[place for place, (name, _) in enumerate(axes) if name == category] for category in names]

    def criterion(X: FloatArray, mixture: Mixture) -> float:
        own, k = mixture.assign(X), len(mixture.weights)
        parts = [X[own == part] for part in range(k) if (own == part).any()]
        likelihood = sum(
            _log_likelihood(part, numbers, categories) + len(part) * np.log(len(part) / len(X)) for part in parts
        )
        d = len(numbers)
        n_parameters = k * (d + d * (d + 1) // 2 + sum(len(levels) - 1 for levels in categories)) + k - 1
        return float(n_parameters * np.log(len(X)) - 2 * likelihood)

    return criterion


def _log_likelihood(rows: FloatArray, numbers: list[int], categories: list[list[int]]) -> float:
    return _normal(rows[:, numbers]) + sum(_multinomial(rows[:, levels]) for levels in categories)


def _normal(rows: FloatArray) -> float:
    d = rows.shape[1]
    if not d:
        return 0.0
    centred = rows - rows.mean(axis=0)
    scatter = centred.T @ centred / len(rows)
    covariance = scatter + VARIANCE_FLOOR * np.eye(d)
    misfit = np.trace(np.linalg.solve(covariance, scatter))
    return float(-0.5 * len(rows) * (d * np.log(2 * np.pi) + np.linalg.slogdet(covariance).logabsdet + misfit))


def _multinomial(rows: FloatArray) -> float:
    """Of each account's level, where it is known: encoded, the own level alone is above zero."""
    counts = (rows > 0).sum(axis=0)
    counts = counts[counts > 0]
    return float((counts * np.log(counts / counts.sum())).sum())
