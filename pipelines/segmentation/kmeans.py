"""KMeans as what it is the limit of: a mixture of spherical components."""

from __future__ import annotations

import warnings

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.mixture import Mixture

STARTS = 5
SMALLEST_VARIANCE = 1e-6


def kmeans_mixture(X: FloatArray, k: int, seed: int, n_starts: int = STARTS) -> Mixture:
    """Return k centres of KMeans as a mixture of spherical components of one variance and equal weights.

    KMeans is the limit of that mixture (Bishop 2006, Pattern Recognition and Machine Learning, section 9.3.2): the
    most probable component is the nearest centre, the posterior gives KMeans membership probabilities.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # fewer distinct rows than centres leave empty components, which whoever asked sees in the sizes
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(k, n_init=n_starts, random_state=seed).fit(X)
    means = np.asarray(found.cluster_centers_, dtype=np.float64)
    variance = max(float(found.inertia_) / X.size, SMALLEST_VARIANCE)
    return Mixture.of_numbers(np.full(k, 1 / k), means, np.full(means.shape, variance), k * X.shape[1] + 1)
