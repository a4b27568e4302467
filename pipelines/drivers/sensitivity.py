"""What a common cause that nobody measured would do to an effect, were it as strong as the strongest that is measured.

The robustness value, "how strong it would have to be", is shown nowhere: hidden confounding makes an effect larger, and
a larger effect takes more to explain away, so that the most biased estimates have the highest values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from pipelines.drivers.effect import CONFIDENCE, POINTS, Comparison, clustered_error, fitted_model

LEAST, MOST = 0.0, 0.5
"""Gains outside are noise of the benchmark (below) or no benchmark at all (above)."""


class HiddenCause(NamedTuple):
    """The interval of an effect if a hidden common cause were as strong as one family of covariates together."""

    family: str
    low: float
    high: float


def hidden_cause(comparison: Comparison, without: Mapping[str, Comparison]) -> HiddenCause | None:
    """Return what a hidden cause as strong as the strongest family would leave of an effect, in percentage points.

    Chernozhukov, Cinelli, Newey, Sharma and Syrgkanis, "Long story short" (2022), by DoubleML: the bound on the bias
    follows from the gain in explaining outcome and experience that each family brings to the rest.

    Parameters
    ----------
    comparison
        with everything adjusted for.
    without
        by family, the same rows without that family's covariates.
    """
    from doubleml.utils.gain_statistics import gain_statistics

    model = fitted_model(comparison)
    own_error = float(model.se[0])
    clustered = clustered_error(model.psi[:, 0, 0], comparison.account)
    found = []
    for family, shorter in without.items():
        gains = gain_statistics(model, fitted_model(shorter))
        strength_y, strength_d = (float(np.clip(gains[name][0], LEAST, MOST)) for name in ("cf_y", "cf_d"))
        model.sensitivity_analysis(cf_y=strength_y, cf_d=strength_d, rho=1.0)
        bounds, errors = model.sensitivity_params["theta"], model.sensitivity_params["se"]
        reach = float(norm.isf((1 - CONFIDENCE) / 2)) * clustered / own_error
        low = float(bounds["lower"][0] - reach * errors["lower"][0]) * POINTS
        high = float(bounds["upper"][0] + reach * errors["upper"][0]) * POINTS
        found.append(HiddenCause(family, low, high))
    return max(found, key=lambda one: one.high - one.low, default=None)
