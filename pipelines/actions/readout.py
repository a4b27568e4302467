"""Reading an experiment at any time, as often as one likes: a confidence sequence holds at all readings at once."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pipelines.drivers.nuisance import Floats
from pipelines.drivers.rows import Ints

BEST_AT = 500
"""Clusters at which the sequence is narrowest."""
FEWEST_CLUSTERS = 30
"""Below so many that were helped, or that were not, its normal approximation is not to be trusted."""


class Reading(NamedTuple):
    """Points of churn that an action saves, with an interval that holds whenever it is read (95 %)."""

    points: float
    low: float
    high: float
    n_accounts: int
    n_clusters: int

    @property
    def says(self) -> str:
        """What the reading settles: helps, harms, or goes on."""
        if self.low > 0:
            return "helps"
        return "harms" if self.high < 0 else "goes on"

    @property
    def in_words(self) -> str:
        """One sentence a person can read.

        >>> Reading(math.nan, -math.inf, math.inf, 0, 0).in_words
        'no outcome is due yet: read it again when the horizon has passed'
        >>> Reading(4.0, 0.5, 7.5, 900, 880).in_words
        '4.00 points of churn saved (0.50 to 7.50, whenever it is read; 900 accounts due): helps'
        """
        if not self.n_accounts:
            return "no outcome is due yet: read it again when the horizon has passed"
        within = f"{self.low:.2f} to {self.high:.2f}, whenever it is read"
        if not math.isfinite(self.low):
            within = f"no interval below {FEWEST_CLUSTERS} groups decided on together on either side"
        return f"{self.points:.2f} points of churn saved ({within}; {self.n_accounts:,} accounts due): {self.says}"


def read_out(helped: Ints, stayed: Ints, chance: Floats, cluster: Ints, expected: Floats | None = None) -> Reading:
    """Return the reading of accounts whose outcome is due.

    Parameters
    ----------
    helped, stayed
        (n,) 1 or 0.
    chance
        (n,) with which each was to be helped, as drawn.
    cluster
        (n,) numbers: accounts that were decided on together.
    expected
        (n,) the chance to stay as it was predicted before the experiment, where it was: it makes the reading narrower
        and, right or wrong, not biased (augmented inverse propensity).
    """
    guess = np.full(len(stayed), stayed.mean()) if expected is None else expected
    scores = (helped - chance) / (chance * (1 - chance)) * (stayed - guess)
    _, own = np.unique(cluster, return_inverse=True)
    sizes = np.bincount(own)
    mean = float(scores.mean())
    residual = np.bincount(own, scores - mean) / sizes.mean()
    n_helped = len(np.unique(own[helped == 1]))
    enough = min(n_helped, len(sizes) - n_helped) >= FEWEST_CLUSTERS
    reach = sequence_reach(len(sizes)) * float(residual.std(ddof=1)) if enough else np.inf
    return Reading(100 * mean, 100 * (mean - reach), 100 * (mean + reach), len(stayed), len(sizes))


def sequence_reach(n: int, significance: float = 0.05, best_at: int = BEST_AT) -> float:
    """Return half the width of the confidence sequence after n values with standard deviation 1.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), "Time-uniform central limit theory and asymptotic confidence
    sequences", Annals of Statistics 52(6), theorem 2.2, tuned as they do to be narrowest at `best_at`.

    >>> round(sequence_reach(500), 3), round(1.96 / 500**0.5, 3)
    (0.136, 0.088)
    """
    log = -2 * np.log(significance)
    rho2 = (log + np.log(log + 1)) / best_at
    spread = n * rho2 + 1
    return float(np.sqrt(2 * spread / (n**2 * rho2) * np.log(np.sqrt(spread) / significance)))
