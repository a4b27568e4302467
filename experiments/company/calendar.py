"""The observed months, and believable moments within them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.company.arrays import DAY, HOUR, Array

END = np.datetime64("2026-01-01", "M")
WEEKEND_MOVED = 0.75  # of what would fall on a weekend, two days earlier


@dataclass(frozen=True, slots=True)
class Calendar:
    """Consecutive months, numbered from 0; times are seconds since 1970 (UTC)."""

    starts: Array
    """First second of each month and, last, the first second after the observation."""

    @classmethod
    def of(cls, years: int) -> Calendar:
        """Return the calendar of so many years up to 2026-01-01.

        >>> Calendar.of(3).n_months
        36
        """
        months = np.arange(END - 12 * years, END + 1)
        return cls(months.astype("datetime64[s]").astype(np.int64))

    @property
    def n_months(self) -> int:
        """How many months are observed."""
        return len(self.starts) - 1

    @property
    def end(self) -> int:
        """First second after the observation."""
        return int(self.starts[-1])

    def day(self, months: Array, days: Array) -> Array:
        """Return midnight of the given day (1-28) of each month, which may lie before month 0.

        >>> Calendar.of(3).day(np.array([-1]), np.array([15])).astype("datetime64[s]").tolist()
        [datetime.datetime(2022, 12, 15, 0, 0)]
        """
        first = (END - self.n_months + months).astype("datetime64[s]").astype(np.int64)
        return np.asarray(first + (days - 1) * DAY)

    def moments(self, months: Array, rng: np.random.Generator) -> Array:
        """Return a moment for each month number, mostly on working days and in working hours."""
        lengths = np.diff(self.starts)[months] // DAY
        days = (rng.random(len(months)) * lengths).astype(np.int64)
        clock = np.clip(rng.normal(12.5, 3.0, len(months)) * HOUR, 0, DAY - 1).astype(np.int64)
        at = self.starts[months] + days * DAY + clock
        moved = is_weekend(at) & (days >= 2) & (rng.random(len(months)) < WEEKEND_MOVED)
        return np.asarray(at - 2 * DAY * moved)


def is_weekend(at: Array) -> Array:
    """Return whether moments fall on a Saturday or Sunday.

    >>> is_weekend(np.array(["2025-12-05", "2025-12-06"], dtype="datetime64[s]").astype(int)).tolist()
    [False, True]
    """
    return np.asarray((at // DAY + 3) % 7 >= 5)


def delays(rng: np.random.Generator, median_seconds: Array | float, *, spread: float, size: int) -> Array:
    """Return log-normal waiting times in whole seconds, at least a minute."""
    waits = np.asarray(median_seconds) * np.exp(spread * rng.standard_normal(size))
    return np.asarray(np.maximum(waits, 60).astype(np.int64))
