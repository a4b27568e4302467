"""Logistic regression, plain and on logarithms: the models that trees have to justify themselves against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features.catalog import Feature
from pipelines.churn.encoder import Columns, Encoder, FloatArray

if TYPE_CHECKING:
    import pandas as pd

MAX_LEVELS = 50


@dataclass(frozen=True)
class LogisticBaseline:
    """A fitted scikit-learn pipeline behind the encoder.

    Numbers: the median where missing and an indicator of that, standardised. Categories: one column a level, rare ones
    of many levels together, missing a level of its own.
    """

    encoder: Encoder
    pipeline: Any

    @classmethod
    def fit(cls, rows: pd.DataFrame, features: Sequence[Feature], *, log: bool = False) -> LogisticBaseline:
        """Return the fit on the numbers as they are, or on sign(x) log(1 + |x|), which a careful analyst would try."""
        encoder = Encoder.fit(rows, features)
        X, churned = encoder.transform(rows), rows["churned"].to_numpy(dtype=bool)
        return cls(encoder, _pipeline(encoder, log=log).fit(X, churned))

    def prob(self, columns: Columns) -> FloatArray:
        """Return (n,) probabilities of churn, strictly between 0 and 1."""
        return _prob(self.pipeline, self.encoder.transform(columns))


def _prob(pipeline: Any, X: FloatArray) -> FloatArray:
    tiny = np.finfo(np.float64).eps
    return np.clip(np.asarray(pipeline.predict_proba(X)[:, 1], dtype=np.float64), tiny, 1 - tiny)


def signed_log(X: FloatArray) -> FloatArray:
    """Return sign(x) log(1 + abs(x)), which tames long tails on both sides.

    >>> signed_log(np.array([-(np.e - 1), 0.0])).tolist()
    [-1.0, 0.0]
    """
    return np.sign(X) * np.log1p(np.abs(X))


def _pipeline(encoder: Encoder, *, log: bool) -> Any:
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
    levels = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_LEVELS)
    columns = ColumnTransformer([("number", scaled, number), ("category", levels, category)])
    return make_pipeline(columns, LogisticRegression(max_iter=2000))
