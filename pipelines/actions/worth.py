"""What it is worth that an account stays: the margin that would be lost if it left within the horizon."""

from __future__ import annotations

import numpy as np

from pipelines.churn.curve import PERIOD_DAYS
from pipelines.drivers.nuisance import Floats
from pipelines.outlook import DAYS_A_YEAR, Terms


def worth_if_stays(revenue: Floats, churn_prob: Floats, horizon_days: int, terms: Terms) -> Floats:
    """Return (n,) the margin of `value_days` that hangs on staying through the horizon, in the company's currency.

    Who leaves within the horizon leaves halfway through it in the mean. Who stays then leaves at the rate that is
    predicted of it: a saved account is not saved for good. Discounted; NaN where revenue is not known.

    >>> terms = Terms(margin=0.5, discount_rate=0.0, value_days=360)
    >>> worth_if_stays(np.array([100.0]), np.array([0.0]), 90, terms).round(0).tolist()
    [518.0]
    """
    middles = (np.arange(int(terms.value_days // PERIOD_DAYS)) + 0.5) * PERIOD_DAYS
    lost = np.clip((middles + PERIOD_DAYS / 2 - horizon_days / 2) / PERIOD_DAYS, 0.0, 1.0)
    beyond = np.maximum(middles - horizon_days, 0.0) / horizon_days
    stays = (1 - np.clip(churn_prob, 0.0, 1.0))[:, None] ** beyond
    month = 12 * PERIOD_DAYS / DAYS_A_YEAR
    weights = lost * (1 + terms.discount_rate) ** (-middles / DAYS_A_YEAR) * terms.margin * month
    return np.asarray(revenue * (stays @ weights))
