"""What a feature computes: streams x aggregate x window, or arithmetic of two of those."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

# Aggregates that look at nothing but values: without a stream that knows values there is nothing to say.
OF_VALUES = frozenset(
    {
        "total", "mean", "smallest", "largest", "first", "last", "current", "spread", "quantile", "slope",
        "decayed_total", "decayed_mean", "last_change", "last_change_share", "expectation", "gap_to_expectation",
        "recovery_days", "falling_streak", "share_below", "share_above", "days_to_renewal", "unanswered_streak",
        "newly_silent", "always_silent",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Windowed:
    """An aggregate over the events of some streams in the `days` before the as-of date.

    Attributes
    ----------
    streams
        the streams whose events count.
    aggregate
        one of `features.aggregates.AGGREGATES`.
    days
        the window's length; None: all of history.
    kind, roles
        only events of this kind, only those of contacts with one of these buying roles; None: all.
    parameter
        what the aggregate's docstring calls its parameter (a quantile, a half-life, a threshold).

    >>> Windowed(("nps",), "last").within(90).days
    90
    """

    streams: tuple[str, ...]
    aggregate: str
    days: float | None = None
    kind: str | None = None
    roles: tuple[str, ...] | None = None
    parameter: float | None = None

    def within(self, days: int) -> Windowed:
        """The same over the last `days` days instead of all of history."""
        return replace(self, days=days)

    def by(self, *roles: str) -> Windowed:
        """The same over the events of contacts with these buying roles."""
        return replace(self, roles=roles)

    def of_kind(self, kind: str) -> Windowed:
        """The same over the events of one kind."""
        return replace(self, kind=kind)

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


Compute = Windowed | Combined


def parts(compute: Compute | None) -> tuple[Windowed, ...]:
    """The aggregates that a computation rests on."""
    if isinstance(compute, Windowed):
        return (compute,)
    return (compute.left, compute.right) if isinstance(compute, Combined) else ()
