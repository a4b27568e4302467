"""What a common cause that nobody measured would do to an effect, were it as strong as the strongest that is measured.

The robustness value, "how strong it would have to be", is shown nowhere: hidden confounding makes an effect larger, and
a larger effect takes more to explain away, so that the most biased estimates have the highest values.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from pipelines.drivers.effect import CONFIDENCE, POINTS, Comparison, clustered_error, fitted_model

LEAST, MOST = 0.0, 0.5
"""Gains outside are noise of the benchmark (below) or no benchmark at all (above)."""


class Strength(NamedTuple):
    """The interval of an effect, in percentage points, under a hidden common cause of some strength."""

    low: float
    high: float


def hidden_cause(comparison: Comparison, without: Comparison) -> Strength:
    """Return what a hidden cause as strong as one family of covariates would leave of an effect, in points.

    Chernozhukov, Cinelli, Newey, Sharma and Syrgkanis, "Long story short" (2022), by DoubleML: the bound on the bias
    follows from the gain in explaining outcome and experience that the family brings to the rest.

    Parameters
    ----------
    comparison, without
        the same rows, with everything adjusted for, and without the family's covariates.
    """
    from doubleml.utils.gain_statistics import gain_statistics

    model = fitted_model(comparison)
    gains = gain_statistics(model, fitted_model(without))
    strength_y, strength_d = (float(np.clip(gains[name][0], LEAST, MOST)) for name in ("cf_y", "cf_d"))
    model.sensitivity_analysis(cf_y=strength_y, cf_d=strength_d, rho=1.0)
    bounds, errors = model.sensitivity_params["theta"], model.sensitivity_params["se"]
    # DoubleML takes rows for independent: its errors grow as the effect's own does when accounts are.
    widened = clustered_error(model.psi[:, 0, 0], comparison.account) / float(model.se[0])
    reach = float(norm.isf((1 - CONFIDENCE) / 2)) * widened
    low = float(bounds["lower"][0] - reach * errors["lower"][0]) * POINTS
    high = float(bounds["upper"][0] + reach * errors["upper"][0]) * POINTS
    return Strength(low, high)
