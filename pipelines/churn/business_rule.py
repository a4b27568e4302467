"""What a company does without a model: one column, and the churn rate seen in each part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features.catalog import Feature
from features.errors import ConfigError
from pipelines.churn.encoder import Columns, Encoder, FloatArray
from pipelines.churn.metrics import auc
from pipelines.churn.population import row_weights, weighted_quantiles

if TYPE_CHECKING:
    import pandas as pd

BINS = 10
SMOOTHING = 20.0
"""A part's rate counts as much against the overall rate as it has rows per so many: 20 rows weigh one half."""


@dataclass(frozen=True)
class RiskTable:
    """A business rule: every account gets the churn rate of its part of one column.

    A number is cut into ten parts of equal count, a category into its ten most frequent levels and the rest; where the
    value is missing is a part of its own.

    Attributes
    ----------
    encoder
        Of the one column.
    edges
        Between the parts, on the encoded value.
    rates
        Churn rate by part, the last one for missing values, smoothed towards the overall rate.
    """

    encoder: Encoder
    edges: FloatArray
    rates: FloatArray

    @classmethod
    def fit(
        cls, rows: pd.DataFrame, features: Sequence[Feature], *, column: str | None = None, kept_share: float = 1.0
    ) -> RiskTable:
        """Return the table of the named column, or of the column whose table ranks these rows best.

        Of rows that did not churn only `kept_share` are there: the rates are those of all rows.

        Raises
        ------
        ConfigError
            When no feature has that name.
        """
        candidates = [feature for feature in features if column in (None, feature.name)]
        if not candidates:
            raise ConfigError.of(
                f"business rule on {column!r}", "the name of a feature", "correct the name or leave it out"
            )
        churned = rows["churned"].to_numpy(dtype=bool)
        tables = [cls._of_one(rows, feature, churned, kept_share) for feature in candidates]
        return max(tables, key=lambda table: auc(churned, table.prob(rows)))

    @classmethod
    def _of_one(
        cls, rows: pd.DataFrame, feature: Feature, churned: npt.NDArray[np.bool_], kept_share: float
    ) -> RiskTable:
        encoder = Encoder.fit(rows, [feature])
        values, weights = _values(encoder, rows), row_weights(churned, kept_share)
        known = ~np.isnan(values)
        edges = _edges(values[known], weights[known], feature)
        part = _part(values, edges)
        counts = np.bincount(part, weights, minlength=len(edges) + 2)
        found = np.bincount(part, churned, minlength=len(edges) + 2)
        return cls(encoder, edges, (found + SMOOTHING * (churned.sum() / weights.sum())) / (counts + SMOOTHING))

    @property
    def feature(self) -> Feature:
        """The one feature it looks at."""
        return self.encoder.features[0]

    def prob(self, columns: Columns) -> FloatArray:
        """Return (n,) the smoothed churn rate of each row's part."""
        return self.rates[_part(_values(self.encoder, columns), self.edges)]


def _values(encoder: Encoder, columns: Columns) -> FloatArray:
    return encoder.transform(columns)[:, 0].astype(np.float64)


def _edges(known: FloatArray, weights: FloatArray, feature: Feature) -> FloatArray:
    if feature.kind == "category":
        return np.arange(1, BINS + 1, dtype=np.float64)
    cuts = np.linspace(0, 1, BINS + 1)[1:-1]
    return np.unique(weighted_quantiles(known, weights, cuts)) if len(known) else np.empty(0)


def _part(values: FloatArray, edges: FloatArray) -> npt.NDArray[np.intp]:
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right"))
