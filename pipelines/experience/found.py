"""What is found of a customer-experience question: figures, each with unit, interval, n and verdict, as one table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

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

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Found:
        """Return the figure that `as_dict` told of."""
        known: dict[str, Any] = {name: np.nan if said[name] is None else said[name] for name in cls.__slots__}
        return cls(**known)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it: a number that is not known is None.

        >>> Found.refused("t", "f", "why").as_dict()["value"] is None
        True
        """
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    """A number that JSON knows."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        number = float(value)
        return (int(number) if isinstance(value, int) else number) if math.isfinite(number) else None
    return value


SURER = 1.3142
"""From the 95 % interval to the 99 %: of worlds without anything in 1 of 100 something is found, not in 1 of 20."""


def sure(low: float, high: float) -> int:
    """Return 1 or -1 where a 95 % interval, made as wide as the 99 % one, lies above or below zero; else 0.

    >>> sure(0.2, 0.4), sure(0.01, 0.4), sure(-0.4, -0.2)
    (1, 0, -1)
    """
    middle, half = (low + high) / 2, SURER * (high - low) / 2
    return int(middle - half > 0) - int(middle + half < 0)


def verdict_of(low: float, high: float, smallest: float) -> Verdict:
    """Return what an interval says of a difference: there is one, none of at least `smallest`, or either may be.

    >>> verdict_of(0.2, 0.4, 0.2), verdict_of(-0.1, 0.1, 0.2), verdict_of(-0.1, 0.4, 0.2)
    ('found', 'none found', 'cannot tell')
    """
    if sure(low, high):
        return "found"
    return "none found" if max(abs(low), abs(high)) < smallest else "cannot tell"


def found_table(found: Iterable[Found]) -> pd.DataFrame:
    """Return one row a figure, one column an attribute of `Found`: the form in which releases keep them."""
    import pandas as pd

    return pd.DataFrame([asdict(one) for one in found], columns=[*Found.__slots__])
