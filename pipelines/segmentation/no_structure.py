"""Accounts as they would be without segments, to see how much a split would seem to explain of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.mixture import Mixture
from pipelines.segmentation.preparation import Preparation
from pipelines.segmentation.stability import MixtureFit

REFERENCES = 9
CONFIDENCE = 0.99
VALLEY = 0.2
"""How much lower a valley must lie than the lower of its hills, as a share of the highest, to part a column."""
FEWEST_VALUES = 8
"""A column of fewer values is a scale, not a landscape."""
ROUNDS = 4
"""Steps by which the hidden correlations are moved until those of the columns are the observed ones."""


class Against(NamedTuple):
    """The gain of a split, and the largest that chance gives where there is no structure (nats an account)."""

    gain: float
    limit: float

    @property
    def is_structure(self) -> bool:
        """Whether the split explains more than it would of a single cloud."""
        return self.gain > self.limit


def against_no_structure(
    X: FloatArray, mixture: Mixture, fit: MixtureFit, preparation: Preparation, *, seed: int
) -> Against:
    """Return the mixture's gain in likelihood over one component, and its limit by references without structure.

    A reference has each column's own distribution (a normal one where its own falls into parts) and their
    correlations, levels of a category in the order in which they go with everything else, and no more: one cloud, a
    Gaussian copula (NORTA: Cario and Nelson 1997). Permuted columns would not do: two columns that correlate would pass
    for segments. The limit is what one more reference stays below at 99 % (the prediction interval of a normal sample);
    Tibshirani, Walther and Hastie's gap (2001) compares with the mean and deviation of references as well.
    """
    from scipy.stats import t

    rng, k = np.random.default_rng(seed), len(mixture.weights)
    draw = _Cloud(X, preparation.category_places(), rng)
    gains = []
    for _ in range(REFERENCES):
        reference = draw.rows()
        split = fit(reference, k, int(rng.integers(2**31)))
        gains.append(0.0 if split is None else _gain(reference, split, fit, seed))
    spread = float(np.std(gains, ddof=1)) * np.sqrt(1 + 1 / REFERENCES)
    limit = float(np.mean(gains) + t.ppf(CONFIDENCE, REFERENCES - 1) * spread)
    return Against(_gain(X, mixture, fit, seed), limit)


def _gain(X: FloatArray, split: Mixture, fit: MixtureFit, seed: int) -> float:
    whole = fit(X, 1, seed)
    return 0.0 if whole is None else float((split.log_likelihood(X) - whole.log_likelihood(X)).mean())


class _Cloud:
    """One cloud with the columns' distributions and correlations; a category is one column of ordered levels."""

    def __init__(self, X: FloatArray, categories: Sequence[Sequence[int]], rng: np.random.Generator) -> None:
        self.rng, self.shape, self.missing = rng, X.shape, np.isnan(X)
        levels = {place for places in categories for place in places}
        self.numbers = [place for place in range(X.shape[1]) if place not in levels]
        self.categories = [_ordered(X, places, self.numbers) for places in categories]
        coded = [X[:, place] for place in self.numbers] + [_codes(X, places) for places in self.categories]
        self.sorted = [np.sort(column[~np.isnan(column)]) for column in coded]
        for place in range(len(self.numbers)):
            self.sorted[place] = _as_one_cloud(self.sorted[place], rng)
        self.hidden = self.correlation(np.column_stack(coded))

    def rows(self) -> FloatArray:
        """Draw as many rows, missing where the accounts' are."""
        drawn, rows = self.columns(self.hidden), np.zeros(self.shape)
        for place, values in zip(self.numbers, drawn.T[: len(self.numbers)], strict=True):
            rows[:, place] = values
        for places, values in zip(self.categories, drawn.T[len(self.numbers) :], strict=True):
            for code, place in enumerate(places):
                rows[:, place] = values == code
        rows[self.missing] = np.nan
        return rows

    def correlation(self, coded: FloatArray) -> FloatArray:
        """The correlations of the hidden normals under which the columns drawn from them correlate as observed."""
        observed = _scores_correlation(coded)
        hidden = _sound(observed)
        for _ in range(ROUNDS):
            hidden = _sound(hidden + observed - _scores_correlation(self.columns(hidden)))
        return hidden

    def columns(self, hidden: FloatArray) -> FloatArray:
        """Draw the columns (n, d): normals of these correlations, each read off on the column's own distribution."""
        from scipy.special import ndtr

        normals = self.rng.standard_normal((self.shape[0], len(hidden))) @ np.linalg.cholesky(hidden).T
        drawn = []
        for of, own in zip(normals.T, self.sorted, strict=True):
            drawn.append(own[np.minimum((ndtr(of) * len(own)).astype(int), len(own) - 1)])
        return np.column_stack(drawn)


def _as_one_cloud(values: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The sorted values, or normal ones of their mean and deviation where a valley parts them.

    Of two clouds on one axis that axis alone tells: a reference that kept its two hills would have segments itself.
    Values on a grid are spread over their steps first, and looked at with Silverman's (1986, eq. 3.31) bandwidth.
    """
    from scipy.signal import find_peaks
    from scipy.stats import gaussian_kde

    distinct = np.unique(values)
    if len(distinct) < FEWEST_VALUES:
        return values
    middles = (distinct[1:] + distinct[:-1]) / 2
    lows, highs = np.append(distinct[0], middles), np.append(middles, distinct[-1])
    own = np.searchsorted(distinct, values)
    spread = rng.uniform(lows[own], highs[own])
    low, high = np.quantile(values, [0.25, 0.75])
    width = 0.9 * min(values.std(), (high - low) / 1.34 or np.inf) * len(values) ** -0.2
    density = gaussian_kde(spread, width / max(spread.std(), 1e-12))(np.linspace(distinct[0], distinct[-1], 200))
    hills, _ = find_peaks(np.pad(density, 1), prominence=VALLEY * density.max())
    if len(hills) < 2:
        return values
    cloud: FloatArray = np.sort(rng.normal(values.mean(), values.std(), len(values)))
    return cloud


def _ordered(X: FloatArray, places: Sequence[int], numbers: Sequence[int]) -> list[int]:
    """The levels of a category in the order in which they go with the main direction of everything else."""
    others = np.nan_to_num(np.delete(X, places, axis=1))
    others = others - others.mean(axis=0)
    others = others / np.maximum(others.std(axis=0), 1e-12)
    if not others.shape[1]:
        return list(places)
    direction = np.linalg.svd(others[:5000], full_matrices=False)[2][0]
    along = others @ direction
    return sorted(places, key=lambda place: float(along[X[:, place] > 0].mean()) if (X[:, place] > 0).any() else 0.0)


def _codes(X: FloatArray, places: Sequence[int]) -> FloatArray:
    own = X[:, places]
    return np.where(own.sum(axis=1) > 0, own.argmax(axis=1).astype(float), np.nan)


def _scores_correlation(columns: FloatArray) -> FloatArray:
    """Correlations (d, d) of the columns' normal scores over pairs that are known, ties at their middle."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores = np.zeros(columns.shape)
    for place, column in enumerate(columns.T):
        known = ~np.isnan(column)
        ranks = ndtri((rankdata(column[known]) - 0.5) / max(known.sum(), 1))
        scores[known, place] = (ranks - ranks.mean()) / max(ranks.std(), 1e-12)
    known = (~np.isnan(columns)).astype(float)
    found: FloatArray = scores.T @ scores / np.maximum(known.T @ known, 1)
    np.fill_diagonal(found, 1.0)
    return found


def _sound(correlation: FloatArray) -> FloatArray:
    """The nearest matrix that is one of correlations, by its eigenvalues."""
    values, vectors = np.linalg.eigh(np.clip(correlation, -0.999, 0.999))
    raised = (vectors * np.maximum(values, 1e-4)) @ vectors.T
    scale = np.sqrt(np.diag(raised))
    found: FloatArray = raised / np.outer(scale, scale)
    return found
