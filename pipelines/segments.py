"""Which segment each account is in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.segmentation import Segmentation


def segment_names(segmentation: Segmentation, rows: pd.DataFrame) -> list[str | None]:
    """Return the most probable segment of each row, None where it is unknown."""
    membership = segmentation.membership(rows)
    names: Sequence[str] = [segment.name for segment in segmentation.segments]
    if not names:
        return [None] * len(rows)
    known = np.asarray(~np.isnan(membership).any(axis=1))
    best = np.nan_to_num(membership).argmax(axis=1)
    return [names[i] if known[row] else None for row, i in enumerate(best)]
