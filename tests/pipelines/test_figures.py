from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.figures import share_intervals, training_figures


def test_figures_are_png_and_the_same_each_time() -> None:
    rng = np.random.default_rng(0)
    n = 200
    predictions = pd.DataFrame(
        {"account_id": np.arange(n) // 2, "churned": rng.random(n) < 0.3, "model": rng.random(n)}
    )
    contributions = pd.DataFrame({"sentence": ["Usage"], "family": ["behaviour"], "mean_contribution": [0.2]})
    first, second = (training_figures(predictions, contributions) for _ in range(2))
    assert set(first) == {"calibration", "lift", "reasons"}
    assert all(png.startswith(b"\x89PNG") for png in first.values())
    assert first == second


def test_intervals_of_a_share_are_those_of_resampled_accounts() -> None:
    rng = np.random.default_rng(1)
    churned = (rng.random(4000) < 0.2).astype(float)
    low, high = share_intervals(churned, np.arange(4000), [np.arange(4000)])
    standard_error = np.sqrt(0.2 * 0.8 / 4000)
    assert churned.mean() - low[0] == np.clip(churned.mean() - low[0], 1.5 * standard_error, 2.5 * standard_error)
    assert high[0] - churned.mean() == np.clip(high[0] - churned.mean(), 1.5 * standard_error, 2.5 * standard_error)
    pairs_low, pairs_high = share_intervals(np.repeat(churned[:2000], 2), np.arange(4000) // 2, [np.arange(4000)])
    assert pairs_high[0] - pairs_low[0] > 1.2 * (high[0] - low[0])
