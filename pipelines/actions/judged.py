"""Whether predicted effects hold, by accounts that no model had seen: deciles, Qini, AUUC, and a policy's value."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from pipelines.actions.uplift import Honest
from pipelines.churn.bootstrap import Z, clustered_mean
from pipelines.drivers.nuisance import Bools, Floats
from pipelines.drivers.rows import Ints

DECILES = 10


class Measured(NamedTuple):
    """A figure of effects on staying, in points, with its 95 % interval over accounts."""

    points: float
    low: float
    high: float
    n: int

    @property
    def is_above_zero(self) -> bool:
        """Whether the interval lies above zero."""
        return self.low > 0


def uplift_area(honest: Honest, account: Ints) -> Measured:
    """Return the area under the uplift curve: points saved of all accounts, those with the best predictions helped
    first, averaged over all shares of accounts that may be helped.

    The curve at a share q is the mean over all rows of the scores of the best q. As a mean of scores weighed by rank
    its error is that of any mean (Yadlowsky, Fleming, Shah, Brunskill and Wager 2025, "Evaluating treatment
    prioritization rules via rank-weighted average treatment effects", JASA).
    """
    return weighed(honest.scores, 1 - best_first(honest), account)


def qini(honest: Honest, account: Ints) -> Measured:
    """Return the area between the uplift curve and the straight line of helping at random: 0 where order says nothing.

    >>> predicted = np.array([0.3, 0.2, 0.1, 0.0])
    >>> flat = Honest(np.full(4, 0.1), predicted, np.zeros(4, dtype=np.int64))
    >>> abs(round(qini(flat, np.arange(4)).points, 9))
    0.0
    """
    return weighed(honest.scores, 0.5 - best_first(honest), account)


def policy_value(honest: Honest, is_helped: Bools, account: Ints) -> Measured:
    """Return the points of churn, of all accounts, that helping some rows saves against helping nobody."""
    return weighed(honest.scores, is_helped.astype(np.float64), account)


def by_decile(honest: Honest, predicted: Floats, account: Ints) -> list[tuple[float, Measured]]:
    """Return for each tenth of the rows, the least helped first, the mean predicted effect (points), and what came.

    `predicted` are effects on staying as the model tells them; tenths are by rank within the honest folds.
    """
    tenth = np.minimum((DECILES * (1 - best_first(honest))).astype(int), DECILES - 1)
    return [
        (100 * float(predicted[own].mean()), weighed(honest.scores[own], np.ones(own.sum()), account[own]))
        for own in (tenth == one for one in range(DECILES))
        if own.any()
    ]


def weighed(scores: Floats, weights: Floats, account: Ints) -> Measured:
    """Return the mean of scores times weights in points, rows of one account counted together."""
    mean, error = clustered_mean(scores * weights, account.astype(np.intp), np.ones(len(scores)))
    return Measured(100 * mean, 100 * (mean - Z * error), 100 * (mean + Z * error), len(np.unique(account)))


def best_first(honest: Honest) -> Floats:
    """Return each row's rank by its prediction within its fold, from 0 (most helped) to 1; ties share theirs."""
    rank = np.empty(len(honest.scores))
    for fold in np.unique(honest.folds):
        own = honest.folds == fold
        rank[own] = (rankdata(-honest.predicted[own]) - 0.5) / own.sum()
    return rank
