"""When service ends that is decided on in some month: the chances, by counting days instead of drawing them."""

from __future__ import annotations

import numpy as np

from experiments.company.arrays import DAY, Array
from experiments.company.calendar import WEEKEND_MOVED, Calendar, is_weekend


def leaving_probs(calendar: Calendar, notice_days: tuple[int, int], month: int, start: int, end: int) -> float:
    """Return the chance that service ends at or after a second and before another, if its end is decided in a month.

    The day of the decision is any day of the month, mostly a working one (as `Calendar.moments` draws it), the notice
    any whole number of days between the two.

    >>> round(leaving_probs(Calendar.of(3), (12, 55), 0, 0, Calendar.of(3).end), 6)
    1.0
    """
    days, weights = _decision_days(calendar, month)
    notices = np.arange(notice_days[0], notice_days[1] + 1)
    ends = days[:, None] + notices * DAY
    inside = ((ends >= start) & (ends < end)).mean(axis=1)
    return float(weights @ inside)


def _decision_days(calendar: Calendar, month: int) -> tuple[Array, Array]:
    """The midnights of a month's days, and the chance of each."""
    first, last = calendar.starts[month], calendar.starts[month + 1]
    days = np.arange(first, last, DAY)
    weights = np.full(len(days), 1.0 / len(days))
    number = np.arange(len(days))
    moves = is_weekend(days) & (number >= 2)
    moved = WEEKEND_MOVED * weights * moves
    weights = weights - moved
    np.add.at(weights, number[moves] - 2, moved[moves])
    return days, weights
