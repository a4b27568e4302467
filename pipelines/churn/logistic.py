"""Logistic regression, plain and on logarithms: the models that trees have to justify themselves against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features.catalog import Feature
from pipelines.churn.design import signed_log
from pipelines.churn.encoder import Columns, Encoder, FloatArray, Matrix
from pipelines.churn.population import prior_correction

if TYPE_CHECKING:
    import pandas as pd

MAX_LEVELS = 50
FLOAT64_CELLS = 30_000_000
"""Up to so many (240 MB) it is solved in float64; in float32 it ends a little beside the optimum, in half the memory.
"""


@dataclass(frozen=True)
class LogisticBaseline:
    """A fitted scikit-learn pipeline behind the encoder.

    Numbers: the median where missing and an indicator of that, standardised. Categories: one column a level, rare ones
    of many levels together, missing a level of its own.
    """

    encoder: Encoder
    pipeline: Any

    @classmethod
    def fit(
        cls, rows: pd.DataFrame, features: Sequence[Feature], *, log: bool = False, kept_share: float = 1.0
    ) -> LogisticBaseline:
        """Return the fit on the numbers as they are, or on sign(x) log(1 + |x|), which a careful analyst would try.

        Of rows that did not churn only `kept_share` are there: the intercept is that of all rows.
        """
        encoder = Encoder.fit(rows, features)
        X, churned = _precise(encoder.transform(rows)), rows["churned"].to_numpy(dtype=bool)
        pipeline = _pipeline(encoder, X.dtype, log=log).fit(X, churned)
        pipeline[-1].intercept_ += prior_correction(kept_share)
        return cls(encoder, pipeline)

    def prob(self, columns: Columns) -> FloatArray:
        """Return (n,) probabilities of churn, strictly between 0 and 1."""
        tiny, X = np.finfo(np.float64).eps, _precise(self.encoder.transform(columns))
        return np.clip(np.asarray(self.pipeline.predict_proba(X)[:, 1], dtype=np.float64), tiny, 1 - tiny)


def _precise(X: Matrix) -> Matrix | FloatArray:
    return X.astype(np.float64) if X.size <= FLOAT64_CELLS else X


def _pipeline(encoder: Encoder, dtype: Any, *, log: bool) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    number = [i for i, feature in enumerate(encoder.features) if feature.kind == "number"]
    category = [i for i, feature in enumerate(encoder.features) if feature.kind == "category"]
    scaled = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        FunctionTransformer(signed_log if log else None),
        StandardScaler(),
    )
    levels = OneHotEncoder(dtype=dtype, handle_unknown="infrequent_if_exist", max_categories=MAX_LEVELS)
    columns = ColumnTransformer([("number", scaled, number), ("category", levels, category)])
    return make_pipeline(columns, LogisticRegression(max_iter=2000))
