"""One numeric column on a common scale, proof against missing, infinite and absurdly large values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import Columns, FloatArray, numbers

BoolArray = npt.NDArray[np.bool_]

MARGIN = 0.5
"""How far beyond the middle 98 % a value may lie, in widths of that middle, before it is pulled in."""


FAR = 1e3
"""The same where it is asked how far off a value is: beyond so many widths it is no further."""


@dataclass(frozen=True)
class NumberColumn:
    """How one number is put on a scale with mean 0 and standard deviation 1.

    Attributes
    ----------
    is_log
        Whether log(1 + x) is taken first.
    low, high
        Where values (after the logarithm) are cut off, so that one account cannot be a scale of its own.
    centre, scale
        Mean and standard deviation after that.
    fill
        What stands for a missing value on the final scale: the median; None keeps it missing.
    """

    name: str
    is_log: bool
    low: float
    high: float
    centre: float
    scale: float
    fill: float | None

    @classmethod
    def fit(cls, name: str, values: FloatArray, *, is_log: bool, keeps_missing: bool = False) -> NumberColumn | None:
        """Return the column's scale, or None where it holds (almost) one value only.

        The limits come from ranks, so a single value of any size moves them no further than its neighbour would.

        >>> NumberColumn.fit("seats", np.array([5.0, 5.0, 5.0]), is_log=False) is None
        True
        """
        known = _logged(values[~np.isnan(values)], is_log)
        if not len(known):
            return None
        low, high = middle(known)
        low, high = low - MARGIN * (high - low), high + MARGIN * (high - low)
        kept = np.clip(known, low, high)
        centre, scale = float(kept.mean()), float(kept.std())
        if scale <= 1e-9 * max(1.0, abs(centre)):
            return None
        fill = None if keeps_missing else float((np.median(kept) - centre) / scale)
        return cls(name, is_log, low, high, centre, scale, fill)

    @property
    def labels(self) -> tuple[None]:
        """Return one entry for each encoded column; a number has no level."""
        return (None,)

    def encode(self, columns: Columns, n: int, *, cuts: bool = True) -> tuple[FloatArray, BoolArray]:
        """Return the scaled numbers, shape (n, 1), and whether each was there and finite, shape (n,).

        `cuts` says whether values beyond the limits are pulled in, or else only absurd ones.

        >>> column = NumberColumn("seats", False, 0.0, 10.0, 4.0, 2.0, 0.5)
        >>> encoded, is_known = column.encode({"seats": [6, None, 1e300]}, 3)
        >>> encoded.ravel().tolist(), is_known.tolist()
        ([1.0, 0.5, 3.0], [True, False, True])
        """
        kept = _logged(self._read(columns, n), self.is_log)
        beyond = 0.0 if cuts else FAR * (self.high - self.low)
        kept = np.clip(kept, self.low - beyond, self.high + beyond)
        scaled, is_known = (kept - self.centre) / self.scale, ~np.isnan(kept)
        if self.fill is not None:
            scaled[~is_known] = self.fill
        return scaled[:, None], is_known

    def _read(self, columns: Columns, n: int) -> FloatArray:
        if self.name not in columns:
            return np.full(n, np.nan)
        return numbers(columns[self.name], self.name)

    def to_json(self) -> dict[str, Any]:
        """Return the column as plain JSON types."""
        return {"kind": "number"} | asdict(self)

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> NumberColumn:
        """Return the column that `to_json` wrote."""
        return cls(**{name: value for name, value in saved.items() if name != "kind"})


def middle(known: FloatArray) -> tuple[float, float]:
    """Return the ends of the middle 98 % of the values, both of them values that occur.

    >>> middle(np.arange(201.0))
    (2.0, 198.0)
    """
    return float(np.quantile(known, 0.01, method="higher")), float(np.quantile(known, 0.99, method="lower"))


def is_amount(values: FloatArray) -> bool:
    """Return whether the values are amounts or counts: nothing below zero but for stray values.

    >>> is_amount(np.array([0.0, 3.0, np.nan, 8.0])), is_amount(np.array([-4.0, -1.0, 8.0]))
    (True, False)
    """
    known = values[~np.isnan(values)]
    return bool(len(known)) and middle(known)[0] >= 0


def is_skewed(values: FloatArray) -> bool:
    """Return whether the long tail lies above: Kelly's skewness, from deciles, is over 0.2.

    Deciles rather than moments, so that one huge account cannot make a symmetric column skewed. A log-normal column
    with spread 0.5 has 0.31, an exponential one 0.46, a uniform one 0.

    >>> is_skewed(np.exp(np.linspace(-2, 2, 99))), is_skewed(np.linspace(-2, 2, 99))
    (True, False)
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return False
    low, median, high = np.quantile(known, [0.1, 0.5, 0.9])
    return bool(high + low - 2 * median > 0.2 * (high - low))


def _logged(values: FloatArray, is_log: bool) -> FloatArray:
    return np.log1p(np.maximum(values, 0.0)) if is_log else values
