"""An estimate with its standard error as a figure: its 95 % interval, and whether it says that there is something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.churn.bootstrap import Z
from pipelines.experience.found import Found, Verdict

SURE = 2.5758293035489004
"""Standard errors from nothing at which something is found: where there is nothing, in 1 of 100 it seems so."""


def judged(found: Found, value: float, error: float, *, nothing: float = 0.0) -> Found:
    """Return a figure with its value, normal 95 % interval, and the verdict whether it differs from nothing.

    >>> one = judged(Found("t", "f", np.nan), 3.0, 1.0)
    >>> one.verdict, round(one.low, 2), round(one.high, 2)
    ('found', 1.04, 4.96)
    """
    said = verdict(value - nothing, error)
    return replace(found, value=value, low=value - Z * error, high=value + Z * error, verdict=said)


def verdict(far: float, error: float) -> Verdict:
    """Return whether something so far from nothing is found; none can be told without an error.

    >>> verdict(1.0, 1.0), verdict(1.0, np.nan)
    ('none found', 'cannot tell')
    """
    if not np.isfinite(far) or not np.isfinite(error) or error <= 0:
        return "cannot tell"
    return "found" if abs(far) > SURE * error else "none found"
