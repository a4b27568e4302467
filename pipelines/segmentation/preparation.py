"""From named columns to the numbers in which segments are sought, the same for a million rows and for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.churn.encoder import Columns, FloatArray, row_count
from pipelines.segmentation.category_column import CategoryColumn
from pipelines.segmentation.number_column import NumberColumn

Column = NumberColumn | CategoryColumn

FEWEST_CENTRED = 2
"""One answer less its own mean is always 0: a row-centred account needs two."""


@dataclass(frozen=True)
class Preparation:
    """The columns that a segmentation reads, each with its scale, and what is done across them.

    Attributes
    ----------
    columns
        In the order of the columns of `encode`.
    is_row_centred
        Whether each account's own mean over its known values is taken off, which removes its response style.
    """

    columns: tuple[Column, ...]
    is_row_centred: bool = False

    def encode(self, rows: Columns, *, cuts: bool = True) -> FloatArray:
        """Return one line of numbers for each row, shape (n, d); a row of which nothing is known is all NaN.

        `cuts` says whether values beyond a column's limits are pulled in.

        >>> Preparation((NumberColumn("seats", False, 0.0, 9.0, 3.0, 2.0, 0.5),)).encode({"seats": [5, None]}).tolist()
        [[1.0], [nan]]
        """
        n = row_count(rows)
        if not self.columns:
            return np.empty((n, 0))
        parts = [column.encode(rows, n, cuts=cuts) for column in self.columns]
        encoded = np.column_stack([part for part, _ in parts])
        n_known = np.sum([is_known for _, is_known in parts], axis=0)
        encoded[n_known < (FEWEST_CENTRED if self.is_row_centred else 1)] = np.nan
        return row_centred(encoded) if self.is_row_centred else encoded

    def axes(self) -> tuple[tuple[str, str | None], ...]:
        """Return the feature, and the level if it is a category, behind each column of `encode`."""
        return tuple((column.name, label) for column in self.columns for label in column.labels)

    def category_places(self) -> tuple[tuple[int, ...], ...]:
        """Return by category the columns of `encode` that stand for its levels."""
        axes, categories = self.axes(), [column for column in self.columns if isinstance(column, CategoryColumn)]
        return tuple(
            tuple(place for place, (name, _) in enumerate(axes) if name == category.name) for category in categories
        )

    def to_json(self) -> dict[str, Any]:
        """Return the preparation as plain JSON types."""
        return {"columns": [column.to_json() for column in self.columns], "is_row_centred": self.is_row_centred}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Preparation:
        """Return the preparation that `to_json` wrote."""
        kinds: dict[str, type[NumberColumn] | type[CategoryColumn]]
        kinds = {"number": NumberColumn, "category": CategoryColumn}
        columns = tuple(kinds[column["kind"]].from_json(column) for column in saved["columns"])
        return cls(columns, saved["is_row_centred"])


def row_centred(answers: FloatArray) -> FloatArray:
    """Return the answers less each row's mean over what it answered, shape unchanged; missing stays missing.

    >>> row_centred(np.array([[5.0, 3.0, np.nan], [2.0, 0.0, 1.0]])).tolist()
    [[1.0, -1.0, nan], [1.0, -1.0, 0.0]]
    """
    is_known = ~np.isnan(answers)
    totals = np.where(is_known, answers, 0.0).sum(axis=1, keepdims=True)
    centred: FloatArray = answers - totals / np.maximum(is_known.sum(axis=1, keepdims=True), 1)
    return centred
