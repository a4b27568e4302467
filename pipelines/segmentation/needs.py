"""Segments by what accounts need: their latest answer to each item on importance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from features.catalog import Feature
from pipelines.churn.encoder import Columns, FloatArray, numbers
from pipelines.segmentation.learner import Learner, from_many_starts
from pipelines.segmentation.maximisation import Maximise, independent_normal
from pipelines.segmentation.number_column import NumberColumn
from pipelines.segmentation.preparation import FEWEST_CENTRED, Preparation
from pipelines.segmentation.response_style import has_response_style

VARIANCE_FLOOR = 0.05
"""Added to every variance, in squared standard deviations of the item: about what rounding to one of five points loses
(Sheppard 1898). Without it a component shrinks upon one answer, which so many give, and wins every criterion."""


def _steps(X: FloatArray) -> tuple[Maximise, ...]:
    return (independent_normal(X, VARIANCE_FLOOR),)


NEEDS = Learner(from_many_starts(_steps), _steps)
"""Latent profiles: items independent and normal in each component (Vermunt and Magidson 2002, Latent class cluster
analysis, in Applied Latent Class Analysis)."""


def prepare_needs(rows: Columns, features: Sequence[Feature], seed: int) -> Preparation:
    """Return how the items are put on one scale.

    Missing answers stay missing. If a response style is found, each account's own mean is taken off.
    """
    answers = {feature.name: numbers(rows[feature.name], feature.name) for feature in features}
    columns = [NumberColumn.fit(name, given, is_log=False, keeps_missing=True) for name, given in answers.items()]
    plain = Preparation(tuple(column for column in columns if column is not None))
    return replace(plain, is_row_centred=_finds_style(plain.encode(answers), seed)) if plain.columns else plain


def _finds_style(answers: FloatArray, seed: int) -> bool:
    is_rich = (~np.isnan(answers)).sum(axis=1) >= FEWEST_CENTRED
    return is_rich.sum() >= 50 and has_response_style(answers[is_rich], seed=seed)
