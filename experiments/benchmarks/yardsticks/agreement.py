"""Whether two sides wrote the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

KEYS = ("as_of", "account_id")
# Above what sums in another order differ by, far below a cent.
RELATIVE, ABSOLUTE = 1e-5, 1e-6


def differing(one: Path, other: Path, *, to_the_bit: bool = False, within: Sequence[str] = ()) -> list[str]:
    """Return the columns in which two panels (folders of Parquet files) differ, row by row; empty: they are equal.

    Numbers are equal to the precision of float32, or to the bit; nothing known (null, NaN) equals nothing known.
    Only the columns `within` are held against each other, if there are any named.
    """
    left, right = _sorted_rows(one, within), _sorted_rows(other, within)
    alone = sorted(set(left.column_names) ^ set(right.column_names))
    if alone or not all(left[key].equals(right[key]) for key in KEYS):
        return alone or list(KEYS)
    names = [name for name in left.column_names if name not in KEYS]
    return [name for name in names if not _equal(left[name], right[name], to_the_bit)]


def _sorted_rows(folder: Path, within: Sequence[str]) -> pa.Table:
    rows = ds.dataset(folder, format="parquet").to_table(columns=[*KEYS, *within] if within else None)
    for name, kind in zip(KEYS, (pa.timestamp("us"), pa.string()), strict=True):
        rows = rows.set_column(rows.column_names.index(name), name, rows[name].cast(kind))
    return rows.sort_by([(key, "ascending") for key in KEYS]).combine_chunks()


def _equal(one: pa.ChunkedArray, other: pa.ChunkedArray, to_the_bit: bool) -> bool:
    if not (pa.types.is_floating(one.type) and pa.types.is_floating(other.type)):
        return bool(one.equals(other))
    numbers, others = (np.asarray(column.to_numpy(), dtype=np.float64) for column in (one, other))
    if to_the_bit:
        return np.array_equal(numbers, others, equal_nan=True)
    return np.allclose(numbers, others, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
