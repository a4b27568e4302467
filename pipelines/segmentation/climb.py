"""Expectation and maximisation in turn, from many starts: how a mixture is found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.kmeans import kmeans_mixture
from pipelines.segmentation.mixture import Mixture

STARTS = 12
FIRST_ROUNDS = 20
"""Many short climbs, half of them from KMeans and half from anywhere, and the best to its end (Biernacki, Celeux and
Govaert 2003): from KMeans alone two of five known sets ended on a lower hill."""
ROUNDS = 200
TOLERANCE = 1e-5
"""Mean log-likelihood an account."""

Maximise = Callable[[FloatArray], Mixture]
"""Membership probabilities (n, k) -> the mixture that they make most likely."""


def climbed(X: FloatArray, k: int, maximise: Maximise, seed: int) -> Mixture | None:
    """Return the most likely of the mixtures of k components that are found, None where none is.

    KMeans starts from X with missing values in the middle of their column.
    """
    rng, filled = np.random.default_rng(seed), np.nan_to_num(X)
    if k == 1:
        return maximise(np.ones((len(X), 1)))
    starts = [_nearest(filled, k, int(rng.integers(2**31))) for _ in range(STARTS // 2)]
    starts += [rng.dirichlet(np.ones(k), len(X)) for _ in range(STARTS // 2)]
    short = [_climbed(X, start, maximise, FIRST_ROUNDS) for start in starts]
    found = [mixture for mixture in short if mixture is not None]
    if not found:
        return None
    best = max(found, key=lambda mixture: float(mixture.log_likelihood(X).sum()))
    return _climbed(X, best.posterior(X), maximise, ROUNDS)


def _nearest(X: FloatArray, k: int, seed: int) -> FloatArray:
    return np.eye(k)[kmeans_mixture(X, k, seed, n_starts=1).assign(X)]


def _climbed(X: FloatArray, of: FloatArray, maximise: Maximise, rounds: int) -> Mixture | None:
    """Climb until nothing is gained; None where a component loses its last account."""
    last, mixture = -np.inf, None
    for _ in range(rounds):
        if of.sum(axis=0).min() < 1:
            return None
        mixture = maximise(of)
        reached = float(mixture.log_likelihood(X).mean())
        if abs(reached - last) < TOLERANCE:
            break
        of, last = mixture.posterior(X), reached
    return mixture
