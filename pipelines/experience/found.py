"""What is found of a customer-experience question: figures, each with unit, interval, n and verdict, as one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["told", "found", "none found", "cannot tell", "refused"]
"""told: a number to be read; found, none found, cannot tell: the answer to a question; refused: no number, and why."""
Basis = Literal["counted", "predicted", "associated", "caused", "assumed"]
EVERYONE = "all"


@dataclass(frozen=True, slots=True)
class Found:
    """One figure.

    Attributes
    ----------
    topic
        the question it answers, such as `survey metrics` or `moving bar`.
    figure
        what is told, such as `nps`.
    value, low, high
        in `unit`; the 95 % interval; NaN where there is none, and the sentence says why.
    basis
        counted, predicted, associated (goes along with, not shown to cause), caused, or assumed (a parameter's doing).
    group_by, group
        whom it is of: `all`, or a segmentation and a segment, a touchpoint, a role, a month.
    n, n_accounts
        answers or events it rests on (0 where it rests on accounts alone), and accounts.
    """

    topic: str
    figure: str
    value: float
    low: float = np.nan
    high: float = np.nan
    unit: str = ""
    basis: Basis = "counted"
    group_by: str = EVERYONE
    group: str = EVERYONE
    n: int = 0
    n_accounts: int = 0
    verdict: Verdict = "told"
    sentence: str = ""

    @classmethod
    def refused(cls, topic: str, figure: str, why: str, group_by: str = EVERYONE, group: str = EVERYONE) -> Found:
        """Return a figure that cannot be told, and why.

        >>> Found.refused("survey metrics", "nps", "3 answers; 10 are needed").verdict
        'refused'
        """
        return cls(topic, figure, np.nan, group_by=group_by, group=group, verdict="refused", sentence=why)


def judged(low: float, high: float, smallest: float) -> Verdict:
    """Return what an interval says of a difference: there is one, none of at least `smallest`, or either may be.

    >>> judged(0.1, 0.4, 0.2), judged(-0.1, 0.1, 0.2), judged(-0.1, 0.4, 0.2)
    ('found', 'none found', 'cannot tell')
    """
    if low > 0 or high < 0:
        return "found"
    return "none found" if max(abs(low), abs(high)) < smallest else "cannot tell"


def found_table(found: Iterable[Found]) -> pd.DataFrame:
    """Return one row a figure, one column an attribute of `Found`: the form in which releases keep them."""
    import pandas as pd

    return pd.DataFrame([asdict(one) for one in found], columns=[*Found.__slots__])
