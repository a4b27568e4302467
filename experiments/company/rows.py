"""The rows of a table as numbers, spelled out in text and times only a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

PART_ROWS = 1 << 19  # also the rows of a row group of the file


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows as codes, in their order and numbered from 0 by the index; `spelled` makes the table of some of them."""

    codes: pd.DataFrame
    spelled: Callable[[pd.DataFrame], pd.DataFrame]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Rows:
        """Return the rows of a table that is small enough to be there as a whole.

        >>> [len(part) for part in Rows.of(pd.DataFrame({"n": range(5)})).parts(2)]
        [2, 2, 1]
        """
        return cls(table, lambda part: part)

    def parts(self, size: int | None = None) -> Iterator[pd.DataFrame]:
        """Yield the table in parts of so many rows (PART_ROWS); where there are none, one part that has the columns."""
        size = size or PART_ROWS
        for start in range(0, max(len(self.codes), 1), size):
            yield self.spelled(self.codes.iloc[start : start + size])

    def table(self) -> pd.DataFrame:
        """Return the table at once."""
        return pd.concat(self.parts(), ignore_index=True)
