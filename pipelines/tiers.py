"""From which probability on an account is called high or medium risk: by capacity, or by what a call costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.churn.warning import tiers
from pipelines.config import Tiers
from pipelines.manifest import TierLimits

if TYPE_CHECKING:
    import pandas as pd


def tier_limits(churn_prob: FloatArray, said: Tiers) -> TierLimits:
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
    pays = paying_prob(said)
    high_prob = float(np.quantile(churn_prob, 1 - said.high_share)) if pays is None else pays
    below = float((churn_prob < high_prob).mean())
    medium_prob = float(np.quantile(churn_prob, max(0.0, below - said.medium_share)))
    return TierLimits(high_prob=high_prob, medium_prob=min(medium_prob, high_prob))


def paying_prob(said: Tiers) -> float | None:
    """Return the probability from which on a call pays, at most 1; None where no cost is said.

    >>> paying_prob(Tiers()), paying_prob(Tiers(call_cost=30.0, call_saves=20.0))
    (None, 1.0)
    """
    if said.call_cost is None or said.call_saves is None:
        return None
    return min(said.call_cost / said.call_saves, 1.0)


def tiers_by_date(predictions: pd.DataFrame, prob: str, said: Tiers) -> pd.Series:
    """Return the tier of each held-out row at its date, by the limits that the settings ask for."""
    return tiers(
        predictions, prob, high_share=said.high_share, medium_share=said.medium_share, high_prob=paying_prob(said)
    )
