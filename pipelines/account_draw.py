"""Which accounts a sample draws: by their id and the seed, so that the order and the place of rows do not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]


def drawn(account_ids: Any, seed: int) -> npt.NDArray[np.float64]:
    """Return (n,) numbers from 0 up to 1, as if drawn at random, the same for the same account and seed.

    An account is in a sample of share s where its number is below s: a smaller sample is part of a larger one.

    >>> drawn(["A1", "A2", "A1"], seed=0).round(3).tolist()
    [0.469, 0.968, 0.469]
    """
    from pandas.util import hash_array

    ids = hash_array(np.asarray(account_ids, dtype=object), categorize=False)
    mixed = _mixed(ids ^ _mixed(np.array([seed], dtype=np.uint64)))
    return np.asarray(mixed >> np.uint64(11), dtype=np.float64) * 2.0**-53


def _mixed(bits: Bits) -> Bits:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): one bit changed changes each bit every other time."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
