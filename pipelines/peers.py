"""What is usual among accounts of the same kind: a value is read beside that of its firmographic segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pipelines.churn.encoder import Columns
from pipelines.churn.model import Usual
from pipelines.churn.reasons import NOBODY
from pipelines.segmentation.segmentation import Segmentation, most_probable

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.churn.encoder import Encoder

BASIS = "firmographic"
FEWEST = 20
"""Of a segment with fewer accounts nothing is usual."""


def usual_by_segment(
    segmentations: Mapping[str, Segmentation], rows: pd.DataFrame, encoder: Encoder
) -> dict[str, Usual]:
    """Return what is usual in each firmographic segment of accounts, by its id; nothing where there is only one."""
    from pipelines.churn.training import usual_values

    segmentation = segmentations.get(BASIS)
    if segmentation is None or not segmentation.is_divided:
        return {}
    best, X = most_probable(segmentation.membership(rows)), encoder.transform(rows)
    found = {}
    for place, segment in enumerate(segmentation.segments):
        own = X[best == place]
        if len(own) >= FEWEST:
            found[segment.id] = usual_values(encoder, own, np.ones(len(own)))
    return found


def peers_of(
    segmentations: Mapping[str, Segmentation], usual: Mapping[str, Usual], columns: Columns
) -> list[Usual] | None:
    """Return what is usual in the segment of each account; None where there are no segments to tell of."""
    if not usual:
        return None
    segmentation = segmentations[BASIS]
    best = most_probable(segmentation.membership(columns))
    return [usual.get(segmentation.segments[place].id, NOBODY) if place >= 0 else NOBODY for place in best]
