"""What is adjusted for as numbers: everything known before the window, and what came before the driver within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.drivers.rows import DriverRows

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Covariates:
    """Columns of numbers, one row a driver row; categories as the rank of their frequency, NaN where not known.

    `names` are unique; those of the window end in `WITHIN`. `families` are the features' families, by which the
    strength of confounding is measured.
    """

    matrix: Matrix
    names: tuple[str, ...]
    families: tuple[str, ...]

    def some(self, places: npt.NDArray[np.int64]) -> Covariates:
        """Return the columns at these places."""
        kept = np.ascontiguousarray(self.matrix[:, places])
        return Covariates(kept, _at(self.names, places), _at(self.families, places))

    def rows(self, rows: npt.NDArray[np.int64]) -> Covariates:
        """Return the columns of these rows."""
        return Covariates(self.matrix[rows], self.names, self.families)

    def without_family(self, family: str) -> Covariates:
        """Return the columns of all other families."""
        return self.some(np.flatnonzero([one != family for one in self.families]))

    def beside(self, other: Covariates) -> Covariates:
        """Return both's columns."""
        matrix = np.hstack([self.matrix, other.matrix])
        return Covariates(matrix, self.names + other.names, self.families + other.families)


WITHIN = " (within the window)"


def before_window(rows: DriverRows) -> Covariates:
    """Return what was known of each account when the window opened."""
    varying = [feature for feature in rows.features if rows.before[feature.name].nunique() > 1]
    return _covariates(rows.before, [feature.name for feature in varying], [feature.family for feature in varying], "")


def within_window(rows: DriverRows, columns: Sequence[str]) -> Covariates:
    """Return columns as of the end of the window, of those that vary."""
    family = {feature.name: feature.family for feature in rows.features}
    varying = [name for name in columns if rows.now[name].nunique() > 1]
    return _covariates(rows.now, varying, [family[name] for name in varying], WITHIN)


def _covariates(frame: pd.DataFrame, names: Sequence[str], families: Sequence[str], mark: str) -> Covariates:
    columns = [_numbers(frame[name]) for name in names]
    matrix = np.column_stack(columns) if columns else np.zeros((len(frame), 0), dtype=np.float32)
    return Covariates(matrix, tuple(name + mark for name in names), tuple(families))


def _numbers(column: pd.Series) -> Matrix:
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float32, na_value=np.nan)
    rank = column.astype("str").value_counts().rank(method="first", ascending=False)
    ranks = column.astype("str").map(rank).to_numpy(dtype=np.float32)
    return np.where(column.isna(), np.float32("nan"), ranks)


def _at(texts: tuple[str, ...], places: npt.NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(texts[place] for place in places)
