"""How good retention curves are: the integrated Brier score and the C-index."""

from __future__ import annotations

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.churn.lifetimes import Lifetimes

PAIRS_AT_ONCE = 2_000


def brier_scores(lives: Lifetimes, stayed: FloatArray, days: FloatArray) -> FloatArray:
    """Return (n, d) weighted squared errors of the probability of having stayed so many days.

    Parameters
    ----------
    stayed
        (n, d) probabilities at the days.

    Rows that were followed for less count by nothing, others for them: each row counts by one over the share of rows
    that were followed so long (Graf and others 1999, "Assessment and comparison of prognostic classification schemes
    for survival data", equation 3; the end of knowledge does not depend on who leaves, so the share is counted).
    """
    is_followed = lives.followed[:, None] >= days
    share = np.maximum(is_followed.mean(axis=0), 1e-12)
    has_stayed = ~lives.left[:, None] | (lives.days[:, None] > days)
    return np.asarray(np.square(stayed - has_stayed) * is_followed / share)


def c_index(lives: Lifetimes, risk: FloatArray, until: float) -> float:
    """Return how often, of two accounts, the one that left first had the higher risk (Harrell 1996); ties count half.

    >>> days, left = np.array([10.0, 20.0, 30.0]), np.array([True, True, False])
    >>> lives = Lifetimes(days, np.full(3, 30.0), left, np.array([""] * 3))
    >>> c_index(lives, np.array([3.0, 1.0, 2.0]), 30.0)
    0.6666666666666666
    """
    left = np.flatnonzero(lives.left & (lives.days <= until))
    agreed = pairs = 0.0
    for at in range(0, len(left), PAIRS_AT_ONCE):
        first = left[at : at + PAIRS_AT_ONCE]
        is_later = lives.days[None, :] > lives.days[first][:, None]
        higher = risk[first][:, None] - risk[None, :]
        agreed += float((is_later * ((higher > 0) + 0.5 * (higher == 0))).sum())
        pairs += float(is_later.sum())
    return agreed / pairs if pairs else float("nan")
