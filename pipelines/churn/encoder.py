"""From named columns to the numbers LightGBM sees, the same for a million rows and for one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from features.catalog import Feature, from_dict, to_dict
from features.errors import DataError, ReleaseError
from pipelines.churn.level_rates import FloatArray as FloatArray
from pipelines.churn.level_rates import Matrix as Matrix
from pipelines.churn.level_rates import with_rates

if TYPE_CHECKING:
    import pandas as pd

Columns: TypeAlias = "Mapping[str, Any] | pd.DataFrame"
IntArray = npt.NDArray[np.intp]

NATIVE_LEVELS = 30
"""Up to so many levels LightGBM splits a category by sets of levels. Above it is crowded, and split by ranges.

Few levels: sets gave log loss 0.4100 against 0.4103 with ranks (Telco, five folds, three shuffles). Hundreds of levels:
sets memorise noise, AUC 0.658 against 0.682 with ranks (747 sales areas). Ranges are of frequency ranks, or of churn
rates where the search finds these better.
"""


class Encoded(Mapping[str, Any]):
    """Columns that have been encoded already: `matrix` (n, p) is what `Encoder.transform` makes of them."""

    matrix: Matrix


def row_count(columns: Columns) -> int:
    """Return how many rows the columns hold.

    Raises
    ------
    DataError
        When there is no column at all, or the columns differ in length.
    """
    if isinstance(columns, Encoded):
        return len(columns.matrix)
    lengths = {len(column) for _, column in columns.items()}
    if len(lengths) != 1:
        raise DataError.of(f"columns of {len(lengths)} different lengths", "columns of one length", "send every column")
    return lengths.pop()


def numbers(values: Any, name: str) -> FloatArray:
    """Return values as float64; missing and infinite ones are NaN.

    >>> numbers([True, 3, None, float("inf")], "seats").tolist()
    [1.0, 3.0, nan, nan]

    Raises
    ------
    DataError
        When a value is not a number.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        array = np.array([_number(value, name) for value in array.tolist()], dtype=np.float64)
    array = array.astype(np.float64)
    array[~np.isfinite(array)] = np.nan
    return array


def _number(value: Any, name: str) -> float:
    if _is_missing(value):
        return float("nan")
    try:
        if isinstance(value, str):
            raise TypeError
        return float(value)
    except OverflowError:
        return float("nan")
    except (TypeError, ValueError):
        raise DataError.of(
            f"{value!r} in column {name}", "a number or nothing", "correct the value or declare the column a category"
        ) from None


def levels_of(values: Any) -> list[str | None]:
    """Return the values of a category as text; missing and empty ones are None.

    A whole number reads the same whether it came as an integer, or as a float because its column has gaps.

    >>> levels_of([1, 1.0, True, "monthly", "", None])
    ['1', '1', 'True', 'monthly', None, None]
    """
    return [level_of(value) for value in np.asarray(values, dtype=object).tolist()]


def coded(values: Any) -> tuple[list[str | None], npt.NDArray[np.intp]]:
    """Return levels, and each row's position among them, -1 where it has none; a level may be None or come twice.

    A column that pandas holds as a category is looked at once a level, any other once a row.
    """
    if hasattr(values, "cat"):
        return levels_of(values.cat.categories), values.cat.codes.to_numpy(dtype=np.intp)
    levels = levels_of(values)
    return levels, np.arange(len(levels))


def level_counts(values: Any) -> Counter[str]:
    """Return how many rows have each level of a category.

    >>> level_counts(["basic", "pro", None, "basic"])
    Counter({'basic': 2, 'pro': 1})
    """
    levels, positions = coded(values)
    counts: Counter[str] = Counter()
    for level, n in zip(levels, np.bincount(positions[positions >= 0], minlength=len(levels)).tolist(), strict=True):
        if level is not None and n:
            counts[level] += n
    return counts


def is_known(values: Any, feature: Feature) -> npt.NDArray[np.bool_]:
    """Return whether each row has a value of the feature, shape (n,).

    >>> is_known([1.0, None], Feature("seats", "firmographic", "context", "seats", "Seats")).tolist()
    [True, False]
    """
    if feature.kind == "number":
        return ~np.isnan(numbers(values, feature.name))
    levels, positions = coded(values)
    # the last entry is what position -1 finds
    return np.array([level is not None for level in [*levels, None]])[positions]


def rows_of(columns: Columns, chosen: Any) -> Columns:
    """Return some of the rows: those of a slice, or at positions.

    >>> rows_of({"seats": np.array([1.0, 2.0, 3.0])}, slice(1, 3))
    {'seats': array([2., 3.])}
    """
    return {str(name): _rows_of(column, chosen) for name, column in columns.items()}


def _rows_of(column: Any, chosen: Any) -> Any:
    return column.iloc[chosen] if hasattr(column, "iloc") else np.asarray(column)[chosen]


def level_of(value: Any) -> str | None:
    """Return one value of a category as text; a missing or empty one is None."""
    if isinstance(value, str):
        return value or None
    if _is_missing(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _is_missing(value: Any) -> bool:
    # pandas' NA refuses to be compared, so it is known by its type; the service gets by without pandas.
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


@dataclass(frozen=True)
class Encoder:
    """Which columns the model reads, in which order, and what each category's levels are.

    Attributes
    ----------
    features
        In the order of the columns of `transform`.
    levels
        For every category its levels, the most frequent first (equal ones by name); the position is the code.
    rates
        For every category that trees read by churn rate, the rate of each level, among the rows that were learnt from.
    """

    features: tuple[Feature, ...]
    levels: Mapping[str, tuple[str, ...]]
    rates: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @classmethod
    def fit(cls, rows: Columns, features: Sequence[Feature]) -> Encoder:
        """Return the encoder of these rows; it looks at no label.

        >>> plan = Feature("plan", "firmographic", "context", "", "Plan", kind="category")
        >>> Encoder.fit({"plan": ["free", "pro", "pro"]}, [plan]).levels
        {'plan': ('pro', 'free')}
        """
        categories = [f.name for f in features if f.kind == "category"]
        return cls(tuple(features), {name: _ranked(rows.get(name, ())) for name in categories})

    @cached_property
    def places(self) -> dict[str, int]:
        """The position of each feature among the columns of `transform`."""
        return {feature.name: place for place, feature in enumerate(self.features)}

    @cached_property
    def codes(self) -> dict[str, dict[str, int]]:
        """By category, the code of each of its levels."""
        return {name: {level: code for code, level in enumerate(levels)} for name, levels in self.levels.items()}

    @property
    def native(self) -> list[int]:
        """The positions of the categories that LightGBM splits by sets of levels."""
        return [
            i for i, f in enumerate(self.features) if f.kind == "category" and len(self.levels[f.name]) <= NATIVE_LEVELS
        ]

    @property
    def crowded(self) -> list[tuple[int, int]]:
        """The positions of the categories with more levels than that, and how many levels each has."""
        categories = [(i, len(self.levels[f.name])) for i, f in enumerate(self.features) if f.kind == "category"]
        return [(i, n) for i, n in categories if n > NATIVE_LEVELS]

    def as_trees_see(self, X: Matrix) -> Matrix:
        """Return encoded rows as the trees read them: with churn rates in place of codes where there are any."""
        places = {feature.name: place for place, feature in enumerate(self.features)}
        return with_rates(X, {places[name]: np.array(rates) for name, rates in self.rates.items()})

    def transform(self, columns: Columns) -> Matrix:
        """Return (n, p) float32; NaN where a value is missing, infinite, or a level the encoder has not seen.

        The panel holds float32, so nothing is lost; a float64 that came as JSON is rounded to the nearest float32, and
        one beyond 3.4e38 is infinite, as it would have been in the panel.

        Raises
        ------
        DataError
            When a number is not a number, or the columns differ in length.
        """
        if isinstance(columns, Encoded):
            return columns.matrix
        matrix = np.full((row_count(columns), len(self.features)), np.nan, dtype=np.float32)
        for position, feature in enumerate(self.features):
            if feature.name in columns:
                matrix[:, position] = self._column(feature, columns[feature.name])
        return matrix

    def _column(self, feature: Feature, values: Any) -> Matrix:
        if feature.kind == "number":
            return rounded(numbers(values, feature.name))
        codes = self.codes[feature.name]
        levels, positions = coded(values)
        # The last entry is what position -1 finds.
        found = [codes.get(level, np.nan) if level else np.nan for level in [*levels, None]]
        return np.array(found, dtype=np.float32)[positions]

    def to_json(self) -> str:
        """Return the encoder as plain JSON, with what each feature computes: who serves it computes it anew."""
        declared = [to_dict(feature) for feature in self.features]
        said = {"features": declared, "levels": self.levels, "rates": self.rates}
        return json.dumps(said, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Encoder:
        """Return the encoder that `to_json` wrote.

        Raises
        ------
        ReleaseError
            When the text is not such JSON.
        """
        try:
            plain = json.loads(text)
            features = tuple(from_dict(declared) for declared in plain["features"])
            levels = {name: tuple(names) for name, names in plain["levels"].items()}
            rates = {name: tuple(map(float, own)) for name, own in plain["rates"].items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ReleaseError.of(
                f"an encoder that cannot be read ({error})", "the JSON that training wrote", "train again"
            ) from error
        return cls(features, levels, rates)


def rounded(values: FloatArray) -> Matrix:
    """Return the values as float32; what is infinite, or becomes so, is missing."""
    with np.errstate(over="ignore"):
        found = values.astype(np.float32)
    found[np.isinf(found)] = np.nan
    return found


def _ranked(values: Any) -> tuple[str, ...]:
    counts = level_counts(values)
    return tuple(sorted(counts, key=lambda level: (-counts[level], level)))
