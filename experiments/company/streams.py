"""Randomness: one independent stream of numbers for every purpose."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Streams:
    """Random numbers by name and month.

    Because each purpose has its own stream, changing one part of a company leaves the luck of all others as it was:
    two companies that differ in one intervention can be compared account by account.
    """

    seed: int

    def of(self, purpose: str, month: int = 0) -> np.random.Generator:
        """Return the stream of one purpose in one month.

        >>> Streams(7).of("outages", 3).random() == Streams(7).of("outages", 3).random()
        True
        """
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode()), month])
