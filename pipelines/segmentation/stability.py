"""Whether segments come back when the accounts are sampled anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.mixture import Mixture

MixtureFit = Callable[[FloatArray, int, int], Mixture | None]
"""(rows, number of components, seed) -> the mixture, or None where the algorithm found none."""

REFITS = 5
ROWS = 2000


def stability(X: FloatArray, mixture: Mixture, fit: MixtureFit, *, seed: int) -> float:
    """Return the median adjusted Rand index between these segments and those of refits on bootstrap samples.

    1 means that resampling changes no account's segment, 0 that the refits agree no better than chance. The median, so
    that one refit stuck in a poor optimum does not decide. After Hennig (2007), Cluster-wise assessment of cluster
    stability, Computational Statistics & Data Analysis 52, with one figure for the whole instead of one a cluster.
    """
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    own = mixture.assign(X)
    agreements = []
    for _ in range(REFITS):
        sample = X[rng.integers(0, len(X), min(len(X), ROWS))]
        refit = fit(sample, len(mixture.weights), int(rng.integers(2**31)))
        agreements.append(0.0 if refit is None else adjusted_rand_score(own, refit.assign(X)))
    return float(np.median(agreements))
