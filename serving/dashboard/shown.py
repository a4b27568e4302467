"""A number as a person reads it: with its unit, its interval, what it rests on, and what kind of knowledge it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pipelines.experience.found import Found
from serving.dashboard.words import as_sentence

Basis = Literal["counted", "predicted", "associated", "caused", "assumed", "check"]


@dataclass(frozen=True)
class Shown:
    """One number.

    Attributes
    ----------
    label
        what it is, in a few words.
    value, low, high
        in `unit`; the interval; NaN where there is none.
    unit
        "%" and "share" are shown in percent; "" is a bare number.
    rests_on
        of how many, such as "2,000 accounts".
    sentence
        what it means, in one sentence; of a refused number why there is none.
    term
        its entry among the definitions.
    """

    label: str
    value: float
    unit: str = ""
    basis: Basis = "counted"
    low: float = math.nan
    high: float = math.nan
    rests_on: str = ""
    sentence: str = ""
    term: str = ""

    @property
    def is_told(self) -> bool:
        """Whether there is a number."""
        return math.isfinite(self.value)

    @property
    def has_interval(self) -> bool:
        """Whether it is known how far it may be off."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @classmethod
    def refused(cls, label: str, why: str, term: str = "") -> Shown:
        """Return a number that cannot be told, and why.

        >>> Shown.refused("NPS", "nobody answered").is_told
        False
        """
        return cls(label, math.nan, sentence=why, term=term)

    @classmethod
    def of_found(cls, found: Found, label: str = "", term: str = "") -> Shown:
        """Return a figure of the experience programme as it is shown.

        >>> Shown.of_found(Found("t", "nps", 12.0, 8.0, 16.0, "points", n=120, n_accounts=60)).rests_on
        '120 answers or events, 60 accounts'
        """
        return cls(
            label or found.figure,
            found.value,
            found.unit,
            found.basis,
            found.low,
            found.high,
            rests_on(found.n, found.n_accounts),
            as_sentence(
                found.sentence if found.verdict == "told" else f"{found.verdict}. {as_sentence(found.sentence)}"
            ),
            term,
        )


def rests_on(n: int, n_accounts: int) -> str:
    """Return in words on what a figure rests.

    >>> rests_on(0, 1), rests_on(1200, 300), rests_on(0, 0)
    ('1 account', '1,200 answers or events, 300 accounts', '')
    """
    parts = [f"{n:,} answers or events"] * bool(n)
    parts += [f"{n_accounts:,} account{'s' * (n_accounts != 1)}"] * bool(n_accounts)
    return ", ".join(parts)
