"""What a benchmark of the experience programme counts: over many seeds, how often it was right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments.benchmarks.report import Figure

Kind = Literal["covered", "right", "false", "refused"]
BARS: dict[Kind, tuple[str, ...]] = {
    "covered": (">= 0.90",), "right": (">= 0.90",), "false": ("<= 0.05",), "refused": ("== 1",),
}  # fmt: skip
"""Share of seeds: intervals that hold the truth; verdicts right where planted, false where not; refusals."""

WORLDS_A_SEED = 5
"""Of rooms whose worlds are quickly made: so many of them a seed."""


@dataclass(frozen=True)
class Trial:
    """One seed: which computation, what is counted of it, and whether it came out."""

    name: str
    kind: Kind
    came: bool


def covered(name: str, low: float, high: float, truth: float) -> Trial:
    """Return whether an interval holds the truth."""
    return Trial(name, "covered", bool(low <= truth <= high))


def shares(trials: Iterable[Trial]) -> Iterator[Figure]:
    """Yield for each computation the share of seeds that came out, beside its bar."""
    by: dict[tuple[str, Kind], list[bool]] = {}
    for trial in trials:
        by.setdefault((trial.name, trial.kind), []).append(trial.came)
    for (name, kind), came in by.items():
        for bar in BARS[kind]:
            yield Figure(f"{name}.{kind}", float(np.mean(came)), f"share of {len(came)} seeds", bar)
