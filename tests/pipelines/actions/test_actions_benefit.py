"""Whom an action probably harms: 80 % sure, by the normal quantile, and nobody of whom nothing is known."""

from __future__ import annotations

import numpy as np

from pipelines.actions.uplift import Benefit


def test_an_account_is_probably_harmed_where_80_percent_of_its_effect_lie_below_zero() -> None:
    error = np.array([1.0, 1.3, 1.0, np.nan])
    points = np.array([-1.0, -1.0, 1.0, np.nan])
    benefit = Benefit(points, points - 1.959964 * error, points + 1.959964 * error)
    # The normal distribution's 80 % quantile is 0.8416: -1 + 0.84 lies below zero, -1 + 0.8416 * 1.3 above.
    assert benefit.probably_harms.tolist() == [True, False, False, False]
