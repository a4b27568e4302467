"""On how many events the benchmark of features runs, and how its figures are named."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.benchmarks.child import Run
from experiments.benchmarks.feature_data import CUTOFFS
from experiments.benchmarks.report import Figure

PRODUCT = "experiments.benchmarks.feature_product"
DATES = tuple(str(cutoff) for cutoff in CUTOFFS)


@dataclass(frozen=True, slots=True)
class Plan:
    """Three sizes of data, in events, and how often what is compared runs on the middle and the large one."""

    small: int
    middle: int
    large: int
    rounds: int = 1
    large_rounds: int = 1
    is_full: bool = False

    def bar(self, bar: str) -> str | None:
        """The bar, none for a quick look: it speaks of the full sizes."""
        return bar if self.is_full else None


FULL = Plan(1_000_000, 5_000_000, 20_000_000, rounds=3, large_rounds=2, is_full=True)
QUICK = Plan(20_000, 100_000, 500_000)


def size(events: int) -> str:
    """Return a number of events as figures name it.

    >>> size(20_000_000), size(50_000)
    ('20M', '50k')
    """
    return f"{events // 1_000_000}M" if events >= 1_000_000 else f"{events // 1000}k"


def fresh(folder: Path) -> Path:
    """Return the folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def warm(folder: Path) -> Path:
    """Return the folder, its files in the system's cache: no side pays for being the first to read them."""
    for path in folder.rglob("*.parquet"):
        with path.open("rb") as file:
            while file.read(1 << 24):
                pass
    return folder


def seconds(runs: Sequence[Run]) -> float:
    """Return the median seconds of some runs."""
    return statistics.median(run.seconds for run in runs)


def figures_of(name: str, runs: Sequence[Run], memory_bar: str | None = None) -> Iterator[Figure]:
    """Yield the median seconds and the most memory of some runs."""
    yield Figure(f"{name}.seconds", seconds(runs), "s")
    yield Figure(f"{name}.memory", max(run.gigabytes for run in runs), "GB", memory_bar)
