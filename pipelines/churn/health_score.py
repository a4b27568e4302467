"""A customer health score, as customer success tools make it: the mean rank of what is known to matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.catalog import Feature
from features.errors import ModelError
from pipelines.churn.business_rule import RiskTable
from pipelines.churn.encoder import Columns, FloatArray, numbers, row_count

if TYPE_CHECKING:
    import pandas as pd

SCORE = Feature("health_score", "relationship", "context", "share", "Health score")


@dataclass(frozen=True)
class HealthScore:
    """Every feature that is declared to raise or lower risk counts alike, by its rank among the rows learnt from.

    Attributes
    ----------
    quantiles
        By feature, 101 quantiles.
    signs
        By feature, 1 where more of it is healthy, -1 where less is.
    table
        The churn rate seen in each tenth of the score.
    """

    quantiles: Mapping[str, FloatArray]
    signs: Mapping[str, int]
    table: RiskTable

    @classmethod
    def fit(cls, rows: pd.DataFrame, features: Sequence[Feature], *, kept_share: float = 1.0) -> HealthScore:
        """Return the score of these features on these rows.

        Raises
        ------
        ModelError
            When no feature has a known direction.
        """
        told = [feature for feature in features if feature.kind == "number" and feature.direction]
        values = {feature.name: numbers(rows[feature.name], feature.name) for feature in told}
        known = {name: own[~np.isnan(own)] for name, own in values.items()}
        quantiles = {name: np.quantile(own, np.linspace(0, 1, 101)) for name, own in known.items() if len(own)}
        if not quantiles:
            raise ModelError.of(
                "no feature whose direction is known", "one that raises or lowers risk", "declare a direction"
            )
        signs = {feature.name: -feature.direction for feature in told if feature.name in quantiles}
        scored = rows[["churned"]].assign(health_score=_score(rows, quantiles, signs))
        return cls(quantiles, signs, RiskTable.fit(scored, (SCORE,), column=SCORE.name, kept_share=kept_share))

    def prob(self, columns: Columns) -> FloatArray:
        """Return (n,) probabilities: the churn rate of those with a score like it."""
        return self.table.prob({SCORE.name: _score(columns, self.quantiles, self.signs)})


def _score(columns: Columns, quantiles: Mapping[str, FloatArray], signs: Mapping[str, int]) -> FloatArray:
    """The mean rank, 0 to 1, the higher the healthier; what is missing is in the middle."""
    total = np.zeros(row_count(columns))
    for name, edges in quantiles.items():
        values = numbers(columns[name], name)
        rank = (np.searchsorted(edges, values, "left") + np.searchsorted(edges, values, "right")) / (2 * len(edges))
        rank = np.where(np.isnan(values), 0.5, rank)
        total += rank if signs[name] > 0 else 1 - rank
    return total / len(quantiles)
