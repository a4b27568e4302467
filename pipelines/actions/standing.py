"""Where each experiment stands, as its ledger says: planned, drawn by lot, read; and what the last reading says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipelines.actions.ledger import Entry


@dataclass(frozen=True)
class Standing:
    """One experiment, or under the name `programme` the whole of what is done, against the standing holdout.

    Attributes
    ----------
    says
        planned, assigned, or what the last reading settles: helps, harms, goes on.
    detectable_points
        points of churn saved that it finds with 80 %.
    points, low, high
        points of churn saved as last read; the 95 % interval holds at all readings at once.
    """

    experiment: str
    says: str
    kind: str | None = None
    planned: str | None = None
    assigned: str | None = None
    read: str | None = None
    n_helped: int | None = None
    n_not: int | None = None
    detectable_points: float | None = None
    points: float | None = None
    low: float | None = None
    high: float | None = None
    n_accounts: int | None = None


def standings(entries: Iterable[Entry]) -> tuple[Standing, ...]:
    """Return where each experiment stands, in the order in which they were planned.

    >>> standings([Entry(0, "2026-01-31", "planned", "calls", {"detectable_points": 4.5}, "")])[0].says
    'planned'
    """
    found: dict[str, Standing] = {}
    for entry in entries:
        before = found.get(entry.experiment, Standing(entry.experiment, entry.what))
        told = {name: entry.said.get(name) for name in _TOLD[entry.what]}
        says = entry.said["says"] if entry.what == "read" else entry.what
        found[entry.experiment] = replace(before, says=says, **{entry.what: entry.at}, **told)  # type: ignore[arg-type]
    return tuple(found.values())


_TOLD: dict[str, tuple[str, ...]] = {
    "planned": ("detectable_points",),
    "assigned": ("kind", "n_helped", "n_not"),
    "read": ("points", "low", "high", "n_accounts"),
}
