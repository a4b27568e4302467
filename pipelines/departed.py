"""How accounts left until a release was made, and why, as they said themselves: counted, not predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import pandas as pd

MOST_REASONS = 20


class Departed(BaseModel):
    """Departures that were seen, each counted once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_left: int = Field(description="departures; an account that came back may leave again")
    ways: dict[str, int] = Field(description="of them by way of leaving, as it follows from what was signed and done")
    n_stated: int = Field(description="of them those for which the account said why")
    stated: dict[str, int] = Field(description="of these by the reason said, the most frequent first, at most 20")

    @property
    def sentence(self) -> str:
        """All of it in words.

        >>> Departed(n_left=9, ways={"cancelled": 6, "downgraded": 3}, n_stated=2, stated={"price": 2}).sentence
        'counted: 9 departures (6 cancelled, 3 downgraded); 2 of them said why: price 2'
        """
        ways = ", ".join(f"{n:,} {way}" for way, n in self.ways.items())
        said = "none of them said why"
        if self.n_stated:
            said = f"{self.n_stated:,} of them said why: " + ", ".join(f"{why} {n:,}" for why, n in self.stated.items())
        return f"counted: {self.n_left:,} departures ({ways}); {said}"


def departed(departures: pd.DataFrame | None) -> Departed | None:
    """Return how accounts left; None where that is not known, or nobody did."""
    if departures is None or departures.empty:
        return None
    reasons = departures["reason"].dropna()
    return Departed(
        n_left=len(departures),
        ways=_counts(departures["way"]),
        n_stated=len(reasons),
        stated=dict(list(_counts(reasons).items())[:MOST_REASONS]),
    )


def _counts(values: pd.Series) -> dict[str, int]:
    """How often each value comes, the most frequent first, equal ones by name."""
    counts = values.value_counts()
    return {str(value): int(counts[value]) for value in sorted(counts.index, key=lambda one: (-counts[one], one))}
