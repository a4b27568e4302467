from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.churn.population import row_weights
from pipelines.churn.tenths import _parts, share_intervals
from pipelines.figures import held_out_rows, reasons_figure, training_figures


def test_figures_are_png_and_the_same_each_time() -> None:
    rng = np.random.default_rng(0)
    n = 200
    predictions = pd.DataFrame(
        {"account_id": np.arange(n) // 2, "churned": rng.random(n) < 0.3, "weight": 1.0, "model": rng.random(n)}
    )
    contributions = pd.DataFrame({"sentence": ["Usage"], "family": ["behaviour"], "mean_contribution": [0.2]})
    first, second = (training_figures(predictions) | {"reasons": reasons_figure(contributions)} for _ in range(2))
    assert set(first) == {"calibration", "lift", "reasons"}
    assert all(png.startswith(b"\x89PNG") for png in first.values())
    assert first == second


def held_out(churned: np.ndarray, accounts: np.ndarray, kept_share: float = 1.0) -> pd.DataFrame:
    weight = row_weights(churned.astype(bool), kept_share)
    return pd.DataFrame({"account_id": accounts, "churned": churned, "weight": weight})


def test_intervals_of_a_share_are_those_of_resampled_accounts() -> None:
    rng = np.random.default_rng(1)
    churned = (rng.random(4000) < 0.2).astype(float)
    low, high = share_intervals(held_out(churned, np.arange(4000)), [np.arange(4000)])
    standard_error = np.sqrt(0.2 * 0.8 / 4000)
    assert churned.mean() - low[0] == np.clip(churned.mean() - low[0], 1.5 * standard_error, 2.5 * standard_error)
    assert high[0] - churned.mean() == np.clip(high[0] - churned.mean(), 1.5 * standard_error, 2.5 * standard_error)
    pairs = held_out(np.repeat(churned[:2000], 2), np.arange(4000) // 2)
    pairs_low, pairs_high = share_intervals(pairs, [np.arange(4000)])
    assert pairs_high[0] - pairs_low[0] > 1.2 * (high[0] - low[0])


def test_intervals_of_a_sample_hold_the_share_of_the_whole() -> None:
    rng = np.random.default_rng(2)
    churned = (rng.random(40_000) < 0.02).astype(float)
    kept = np.flatnonzero((churned == 1) | (rng.random(40_000) < 0.1))
    low, high = share_intervals(held_out(churned[kept], kept, 0.1), [np.arange(len(kept))])
    assert low[0] < 0.02 < high[0] < 0.03


def test_tenths_hold_a_tenth_of_the_rows_stood_for() -> None:
    prob, weights = np.linspace(1, 0, 40), np.where(np.arange(40) < 20, 1.0, 19.0)
    tenths = _parts(prob, weights)
    assert [weights[tenth].sum() for tenth in tenths] == pytest.approx([38, 38, 38, 38, 38, 38, 38, 38, 38, 58])
    assert prob[tenths[0]].max() < prob[tenths[-1]].min()


def test_equal_tenths_are_those_of_an_even_split() -> None:
    prob = np.random.default_rng(3).random(203)
    expected = np.array_split(np.argsort(prob), 10)
    assert [part.tolist() for part in _parts(prob, np.ones(203))] == [part.tolist() for part in expected]


def test_rows_judged_are_told_with_what_they_stand_for() -> None:
    churned = np.array([1.0, 0.0, 0.0])
    assert held_out_rows(held_out(churned, churned)) == "3 held-out rows"
    assert held_out_rows(held_out(churned, churned, 0.001)) == "3 held-out rows (for 2,001)"
