"""Segments by what accounts need: their latest answer to each item on importance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from features.catalog import Feature
from pipelines.churn.encoder import Columns, FloatArray, numbers
from pipelines.segmentation.climb import climbed
from pipelines.segmentation.mixture import Mixture
from pipelines.segmentation.number_column import NumberColumn
from pipelines.segmentation.preparation import FEWEST_CENTRED, Preparation
from pipelines.segmentation.response_style import has_response_style

VARIANCE_FLOOR = 0.05
"""Added to every variance, in squared standard deviations of the item: about what rounding to one of five points loses
(Sheppard 1898). Without it a component shrinks upon one answer, which so many give, and wins every criterion."""


def prepare_needs(rows: Columns, features: Sequence[Feature], seed: int) -> tuple[Preparation, FloatArray]:
    """Return how the items are put on one scale, and the rows as the mixture learns from them, shape (n, d).

    Missing answers stay missing. If a response style is found, each account's own mean is taken off.
    """
    answers = {feature.name: numbers(rows[feature.name], feature.name) for feature in features}
    columns = [NumberColumn.fit(name, given, is_log=False, keeps_missing=True) for name, given in answers.items()]
    plain = Preparation(tuple(column for column in columns if column is not None))
    if not plain.columns:
        return plain, np.empty((0, 0))
    preparation = replace(plain, is_row_centred=_finds_style(plain.encode(answers), seed))
    return preparation, preparation.encode(answers)


def _finds_style(answers: FloatArray, seed: int) -> bool:
    is_rich = (~np.isnan(answers)).sum(axis=1) >= FEWEST_CENTRED
    return is_rich.sum() >= 50 and has_response_style(answers[is_rich], seed=seed)


def fit_needs(X: FloatArray, k: int, seed: int) -> Mixture | None:
    """Return the latent profiles: k components, items independent and normal in each, blind to missing answers.

    Vermunt and Magidson (2002), Latent class cluster analysis, in Applied Latent Class Analysis; missing answers count
    for nothing (Little and Rubin 2019, Statistical Analysis with Missing Data, 11).
    """
    is_known = ~np.isnan(X)
    filled = np.where(is_known, X, 0.0)
    return climbed(X, k, lambda of: _maximised(filled, is_known.astype(float), of), seed)


def _maximised(filled: FloatArray, is_known: FloatArray, of: FloatArray) -> Mixture:
    counts = np.maximum(of.T @ is_known, 1e-9)
    means = of.T @ filled / counts
    variances = np.maximum(of.T @ filled**2 / counts - means**2, 0.0) + VARIANCE_FLOOR
    return Mixture.of_numbers(of.sum(axis=0) / len(of), means, variances, 2 * means.size + of.shape[1] - 1)
