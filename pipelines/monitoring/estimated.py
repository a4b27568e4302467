"""How well a model does now, estimated before labels come due: from its own probabilities, as far as these are right.

Where probabilities are calibrated, the outcomes that they promise have the figures of merit that the real ones will
have (Kivimäki and others 2025, "Confidence-based estimators for predictive performance in model monitoring", JAIR 82).
What the estimate cannot see is that probabilities are no longer right: that is what `leaving` watches.
"""

from __future__ import annotations

import numpy as np

from pipelines.churn.bootstrap import Interval
from pipelines.churn.encoder import FloatArray
from pipelines.churn.metrics import figures

DRAWS = 200
ESTIMATED = ("auc", "log_loss", "brier", "average_precision", "lift")


def estimated_performance(churn_prob: FloatArray, *, seed: int = 0) -> dict[str, Interval]:
    """Return the figures of merit that labels of these accounts would give, were every probability right.

    The value is the mean over 200 draws of the labels, the interval where 95 % of them lie: what chance alone decides.

    >>> sure = np.repeat([0.05, 0.9], 500)
    >>> found = estimated_performance(sure)["auc"]
    >>> found.low < 0.93 < found.high
    True
    """
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in ESTIMATED}
    once = np.ones((1, len(churn_prob)))
    for _ in range(DRAWS):
        found = figures(rng.random(len(churn_prob)) < churn_prob, churn_prob, once)
        for name in ESTIMATED:
            drawn[name].append(float(found[name][0]))
    return {name: _interval(np.array(values)) for name, values in drawn.items()}


def _interval(values: FloatArray) -> Interval:
    known = values[~np.isnan(values)]
    if not len(known):
        return Interval(float("nan"), float("nan"), float("nan"))
    return Interval(float(known.mean()), *(float(q) for q in np.quantile(known, [0.025, 0.975])))
