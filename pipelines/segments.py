"""Which segment each account is in, and what there is to say of the segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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


def memberships(segmentations: Mapping[str, Segmentation], rows: pd.DataFrame) -> pd.DataFrame:
    """Return the place of each account in each segmentation, one row each.

    Columns: account_id, segmentation, segment (its id) and name of the most probable one, its probability (0 to 1,
    predicted), and fits, false where the account is unlike any that the segments were learnt from. A place that is not
    known is empty.
    """
    import pandas as pd

    found = []
    for name, segmentation in segmentations.items():
        membership = segmentation.membership(rows)
        known = np.full(len(rows), bool(membership.shape[1])) & ~np.isnan(membership).any(axis=1)
        best = np.nan_to_num(membership).argmax(axis=1) if membership.shape[1] else np.zeros(len(rows), dtype=int)
        places = [segmentation.segments[i] if known[row] else None for row, i in enumerate(best)]
        columns: dict[str, Any] = {
            "account_id": rows["account_id"].to_numpy(),
            "segmentation": name,
            "segment": pd.array([place and place.id for place in places], dtype="str"),
            "name": pd.array([place and place.name for place in places], dtype="str"),
            "probability": np.where(known, membership.max(axis=1, initial=0.0), np.nan),
            "fits": segmentation.fits(rows),
        }
        found.append(pd.DataFrame(columns))
    return pd.concat(found, ignore_index=True)


def in_words(segmentation: Segmentation) -> Iterator[str]:
    """Yield lines on a segmentation: why so many segments, each of them, and the numbers that were weighed."""
    yield f"{segmentation.name}: {segmentation.why}"
    for segment in segmentation.segments:
        there = (
            f"; {'natural' if segment.is_natural else 'constructed'}, comes back to {segment.stability:.0%} in refits"
            if (segment.stability is not None)
            else ""
        )
        yield f"  {segment.id}  {segment.name}: {segment.n:,} accounts (counted), {segment.share:.0%}{there}"
    for tried in segmentation.evidence:
        steady = "" if tried.stability is None else f", adjusted Rand index {tried.stability:.2f} when resampled"
        yield (
            f"  weighed {tried.n_segments}: BIC {tried.criterion:,.0f}, {tried.gain_share:.0%} of all gain, "
            f"smallest {tried.smallest_share:.0%}{steady}"
        )
