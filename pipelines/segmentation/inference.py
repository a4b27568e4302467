"""The segments of accounts that never answered, from what else is known of them: probabilities, as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.churn.encoder import Columns, FloatArray
from pipelines.segmentation.preparation import Preparation


@dataclass(frozen=True, eq=False)
class Inference:
    """A multinomial logistic regression: log-odds of k segments, linear in prepared numbers.

    Attributes
    ----------
    preparation
        How what is known of accounts becomes d numbers.
    intercepts, coefficients
        Shapes (k,) and (k, d).
    """

    preparation: Preparation
    intercepts: FloatArray
    coefficients: FloatArray

    def probabilities(self, columns: Columns) -> FloatArray:
        """Return each row's probability of each segment, shape (n, k), rows sum to 1; NaN where nothing is known.

        >>> from pipelines.segmentation.number_column import NumberColumn
        >>> seats = Preparation((NumberColumn("seats", False, 0.0, 9.0, 3.0, 2.0, 0.5),))
        >>> two = Inference(seats, np.zeros(2), np.array([[-1.0], [1.0]]))
        >>> two.probabilities({"seats": [3.0, 5.0, None]}).round(2).tolist()
        [[0.5, 0.5], [0.12, 0.88], [nan, nan]]
        """
        log_odds = self.intercepts + self.preparation.encode(columns) @ self.coefficients.T
        unnormalised = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
        found: FloatArray = unnormalised / unnormalised.sum(axis=1, keepdims=True)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as plain JSON types."""
        return {
            "preparation": self.preparation.to_json(),
            "intercepts": self.intercepts.tolist(),
            "coefficients": self.coefficients.tolist(),
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Inference:
        """Return the inference that `to_json` wrote."""
        preparation = Preparation.from_json(saved["preparation"])
        return cls(preparation, np.array(saved["intercepts"], float), np.array(saved["coefficients"], float))
