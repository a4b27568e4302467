"""How surely an experiment finds an effect on churn: two shares, unequal arms, clusters, and a standing holdout."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

MOST_ACCOUNTS = 10**9
ROUNDING = 1e-9


@dataclass(frozen=True)
class Design:
    """What an experiment is planned with.

    Attributes
    ----------
    n_accounts
        that may have the action.
    churn_prob
        of those not helped, within the horizon.
    share
        of the accounts, that is helped.
    holdout_share
        of the accounts, that stands aside: never helped and not part of the experiment.
    cluster_size, cluster_spread
        accounts that are decided on together (one parent): their mean number, and its coefficient of variation.
    alike
        how alike those of one cluster are in leaving (intraclass correlation, 0 to 1).
    significance
        chance to find an effect where there is none.
    """

    n_accounts: int
    churn_prob: float
    share: float = 0.5
    holdout_share: float = 0.0
    cluster_size: float = 1.0
    cluster_spread: float = 0.0
    alike: float = 0.0
    significance: float = 0.05

    @property
    def design_effect(self) -> float:
        """How many times as many accounts clusters take (Eldridge, Ashby and Kerry 2006, Int. J. Epidemiology 35).

        >>> Design(100, 0.1, cluster_size=10, alike=0.05).design_effect
        1.45
        """
        return 1 + ((1 + self.cluster_spread**2) * self.cluster_size - 1) * self.alike

    @property
    def n_effective(self) -> float:
        """How many independent accounts would tell as much."""
        return self.n_accounts * (1 - self.holdout_share) / self.design_effect


def power(design: Design, points: float) -> float:
    """Return the chance to find that an action saves so many points of churn (0 to 1).

    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, section 4.2, without continuity
    correction: the pooled error under no effect, the arms' own under the effect. R's `power.prop.test(n = 50, p1 = .50,
    p2 = .75)` says 0.740:

    >>> round(power(Design(100, 0.75), 25.0), 3)
    0.74
    """
    p_not, p_helped = design.churn_prob, design.churn_prob - points / 100
    if not -ROUNDING <= p_helped <= 1 + ROUNDING:
        return float("nan")
    p_helped = min(max(p_helped, 0.0), 1.0)
    n_helped, n_not = design.n_effective * design.share, design.n_effective * (1 - design.share)
    pooled = design.share * p_helped + (1 - design.share) * p_not
    if_none = np.sqrt(pooled * (1 - pooled) * (1 / n_helped + 1 / n_not))
    if_there = np.sqrt(p_helped * (1 - p_helped) / n_helped + p_not * (1 - p_not) / n_not)
    z = norm.isf(design.significance / 2)
    return float(norm.cdf((abs(p_not - p_helped) - z * if_none) / if_there)) if if_there > 0 else 1.0


def accounts_needed(design: Design, points: float, wanted: float = 0.8) -> int | None:
    """Return how many accounts find such an effect with the wanted power; None where a billion do not.

    R's `power.prop.test(p1 = .50, p2 = .75, power = .90)` says 76.7 in each arm:

    >>> accounts_needed(Design(0, 0.75), 25.0, wanted=0.9)
    154
    """

    def lacks(n: float) -> float:
        return power(replace(design, n_accounts=max(int(n), 4)), points) - wanted

    if not 0 <= design.churn_prob - points / 100 <= 1 or lacks(MOST_ACCOUNTS) < 0:
        return None
    low, high = 4, MOST_ACCOUNTS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if lacks(middle) >= 0 else (middle, high)
    return high


def detectable_points(design: Design, wanted: float = 0.8) -> float | None:
    """Return the smallest effect, in points of churn saved, that is found with the wanted power; None where none is.

    >>> detectable_points(Design(4, 0.1)) is None
    True
    """
    most = 100 * design.churn_prob
    if design.n_effective * min(design.share, 1 - design.share) < 1 or power(design, most) < wanted:
        return None
    return float(brentq(lambda points: power(design, points) - wanted, 1e-9, most, xtol=1e-6))
