"""What a feature computes: streams x aggregate x window, arithmetic of those, or a column of accounts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

OF_VALUES = frozenset(
    {"total", "mean", "smallest", "largest", "last", "spread", "median", "percentile_90", "slope", "days_to_renewal"}
)


@dataclass(frozen=True, slots=True)
class Windowed:
    """An aggregate over the events of some streams (of one kind, if set) in the `days` before the as-of date.

    >>> Windowed(("nps",), "last").within(90).days
    90
    """

    streams: tuple[str, ...]
    aggregate: str
    days: int | None = None
    kind: str | None = None

    def within(self, days: int) -> Windowed:
        """The same over the last `days` days instead of all of history."""
        return replace(self, days=days)

    def __sub__(self, other: Windowed) -> Combined:
        return Combined("-", self, other)

    def __truediv__(self, other: Windowed) -> Combined:
        return Combined("/", self, other)


@dataclass(frozen=True, slots=True)
class Combined:
    """The difference or the ratio of two aggregates; a ratio over nothing is missing."""

    operation: Literal["-", "/"]
    left: Windowed
    right: Windowed


@dataclass(frozen=True, slots=True)
class AccountColumn:
    """A column of the accounts table, as it is now: a source without its history knows no other."""

    column: str


@dataclass(frozen=True, slots=True)
class DaysSince:
    """The days from a time column of the accounts table to the as-of date."""

    column: str


@dataclass(frozen=True, slots=True)
class ObservedColumn:
    """A column of the user's own observations, taken as it stands."""

    column: str


Compute = Windowed | Combined | AccountColumn | DaysSince | ObservedColumn


def parts(compute: Compute | None) -> tuple[Windowed, ...]:
    """The aggregates that a computation rests on."""
    if isinstance(compute, Windowed):
        return (compute,)
    return (compute.left, compute.right) if isinstance(compute, Combined) else ()
