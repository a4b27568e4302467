"""From which probability on an account is called high or medium risk: by capacity, or by what a call costs."""

from __future__ import annotations

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.config import Tiers
from pipelines.release import TierLimits


def tier_limits(churn_prob: FloatArray, tiers: Tiers) -> TierLimits:
    """Return the limits for accounts with these probabilities, as the settings say.

    By capacity the most at risk are high, so many as can be called. By cost those are whom to call pays: whose
    probability times what a call saves is at least what it costs (Elkan 2001, "The Foundations of Cost-Sensitive
    Learning", equation 2). The next `medium_share` of the accounts are medium.

    >>> prob = np.linspace(0.01, 1.0, 100)
    >>> tier_limits(prob, Tiers(high_share=0.1, medium_share=0.2)).high_prob.__round__(2)
    0.9
    >>> tier_limits(prob, Tiers(call_cost=30.0, call_saves=100.0)).high_prob
    0.3
    """
    if tiers.call_cost is None or tiers.call_saves is None:
        high_prob = float(np.quantile(churn_prob, 1 - tiers.high_share))
    else:
        high_prob = min(tiers.call_cost / tiers.call_saves, 1.0)
    below = float((churn_prob < high_prob).mean())
    medium_prob = float(np.quantile(churn_prob, max(0.0, below - tiers.medium_share)))
    return TierLimits(high_prob=high_prob, medium_prob=min(medium_prob, high_prob))
