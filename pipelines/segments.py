"""Which segment each account is in, as tables have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.segmentation import most_probable

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.segmentation import Segmentation


def segment_names(segmentation: Segmentation, rows: pd.DataFrame) -> list[str | None]:
    """Return the most probable segment of each row, None where it is unknown; nothing is inferred."""
    return names_of(segmentation, segmentation.membership(rows))


def names_of(segmentation: Segmentation, membership: FloatArray) -> list[str | None]:
    """Return the name of the most probable segment by membership (n, k), None where it is unknown."""
    names = [segment.name for segment in segmentation.segments]
    return [names[place] if place >= 0 else None for place in most_probable(membership)]


def memberships(segmentations: Mapping[str, Segmentation], rows: pd.DataFrame) -> pd.DataFrame:
    """Return the place of each account in each segmentation, one row each.

    Columns: account_id, segmentation, segment (its id) and name of the most probable one, its probability (0 to 1,
    predicted), is_inferred, true where the account never answered and its place is predicted from what else is known,
    and fits, false where the account is unlike any that the segments were learnt from. A place that is not known is
    empty.
    """
    import pandas as pd

    found = []
    for name, segmentation in segmentations.items():
        place = segmentation.placement(rows)
        best = most_probable(place.membership)
        own = [segmentation.segments[i] if i >= 0 else None for i in best]
        columns: dict[str, Any] = {
            "account_id": rows["account_id"].to_numpy(),
            "segmentation": name,
            "segment": pd.array([one and one.id for one in own], dtype="str"),
            "name": pd.array([one and one.name for one in own], dtype="str"),
            "probability": np.where(best >= 0, place.membership.max(axis=1, initial=0.0), np.nan),
            "is_inferred": place.is_inferred,
            "fits": place.fits,
        }
        found.append(pd.DataFrame(columns))
    return pd.concat(found, ignore_index=True)
