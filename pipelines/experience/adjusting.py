"""Columns that a comparison is adjusted for, as numbers for a regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipelines.churn.encoder import FloatArray

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 20
"""Rows of a category that has a column of its own; rarer ones are together."""
OTHER, UNKNOWN = "other", "unknown"


def covariates(rows: pd.DataFrame, names: Sequence[str]) -> FloatArray:
    """Return (n, p) columns: numbers standardised, what is missing at the mean and flagged, categories as 0 and 1.

    Columns that are the same for all rows, or that others add up to, are left out.

    >>> import pandas as pd
    >>> covariates(pd.DataFrame({"size": [1.0, 3.0], "same": [5.0, 5.0]}), ["size", "same"]).tolist()
    [[-1.0], [1.0]]
    """
    import pandas as pd

    found: list[FloatArray] = []
    for name in names:
        is_number = pd.api.types.is_numeric_dtype(rows[name]) or pd.api.types.is_bool_dtype(rows[name])
        found += _number(rows[name]) if is_number else _category(rows[name])
    return _independent(np.column_stack(found)) if found else np.zeros((len(rows), 0))


def _number(values: pd.Series) -> list[FloatArray]:
    column = values.to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(column)
    if not known.any() or column[known].std() == 0:
        return [] if known.all() else [_standard(known.astype(float))]
    filled = np.where(known, column, column[known].mean())
    return [_standard(filled), *([] if known.all() else [_standard(known.astype(float))])]


def _category(values: pd.Series) -> list[FloatArray]:
    texts = values.astype(object).where(values.notna(), UNKNOWN).astype(str)
    counts = texts.value_counts()
    told = texts.where(texts.map(counts) >= FEWEST, OTHER)
    return [_standard((told == one).to_numpy(dtype=float)) for one in sorted(told.unique())[1:]]


def _standard(column: FloatArray) -> FloatArray:
    spread = column.std()
    standard: FloatArray = (column - column.mean()) / (spread if spread > 0 else 1.0)
    return standard


def _independent(columns: FloatArray) -> FloatArray:
    """Those that tell something beyond the ones before them, by pivoted QR."""
    from scipy.linalg import qr

    columns = columns[:, np.ptp(columns, axis=0) > 0]
    if not columns.shape[1]:
        return columns
    triangle, order = qr(columns, mode="r", pivoting=True)[:2]
    sizes = np.abs(np.diag(triangle[: columns.shape[1]]))
    return columns[:, np.sort(order[: len(sizes)][sizes > 1e-8 * sizes[0]])]
