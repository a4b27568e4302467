"""Which 43 columns the yardsticks write, and the stretches of time they are added up from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WINDOWS = (7, 30, 90, 180, 365)
HALF_LIFE = 30  # days
MEASURES = ("events", "total", "mean", "kinds", "cases", "usage", "purchases", "largest")
COLUMNS = (
    *(f"{measure}_{days}d" for days in WINDOWS for measure in MEASURES),
    "recency_days",
    "trend",
    "decayed_total",
)
DAY = 86_400_000_000  # microseconds


def day_numbers(cutoffs: Sequence[str]) -> list[int]:
    """Return dates as days since 1970.

    >>> day_numbers(["1970-02-01"])
    [31]
    """
    return [int(np.datetime64(cutoff, "D").astype(np.int64)) for cutoff in cutoffs]


def edges(cutoffs: Sequence[int]) -> list[int]:
    """Return the days at which some window of some cutoff begins or ends.

    Stretch k ends at edge k and begins at the edge before, the first at the beginning of time: every window is a run
    of whole stretches, so that each event is looked at once, however many cutoffs and windows it is in.

    >>> edges([400, 430])
    [35, 65, 220, 250, 310, 340, 370, 393, 400, 423, 430]
    """
    return sorted({cutoff - days for cutoff in cutoffs for days in (0, *WINDOWS)})
