"""What is known without looking at anybody: the churn rate, the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.catalog import Feature
from pipelines.churn.encoder import Columns, FloatArray, row_count
from pipelines.churn.population import row_weights

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class BaseRate:
    """The churn rate of the rows learnt from."""

    rate: float

    @classmethod
    def fit(cls, rows: pd.DataFrame, features: Sequence[Feature], *, kept_share: float = 1.0) -> BaseRate:
        """Return the rate; of rows that did not churn only `kept_share` are there, and it is that of all rows."""
        churned = rows["churned"].to_numpy(dtype=bool)
        return cls(float(np.average(churned, weights=row_weights(churned, kept_share))))

    def prob(self, columns: Columns) -> FloatArray:
        """Return (n,) the rate."""
        return np.full(row_count(columns), self.rate)
