"""Intervals of probabilities against a world in which every probability is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from features.errors import ReleaseError
from pipelines.churn.calibration import probability
from pipelines.churn.model import ChurnModel
from pipelines.churn.splits import out_of_fold
from pipelines.churn.training import train_churn
from pipelines.churn.uncertainty import FILE, Uncertainty, centre
from pipelines.churn.uncertainty_training import fit_uncertainty

N_FEATURES = 20
FEATURES = tuple(Feature(f"x{i}", "behaviour", "behaviour", "", f"X{i}") for i in range(N_FEATURES))


def world(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, N_FEATURES))
    prob = 1 / (1 + np.exp(-(-1.8 + X @ (rng.normal(size=N_FEATURES) * 0.35))))
    rows = pd.DataFrame(X, columns=[feature.name for feature in FEATURES])
    churned = pd.array(rng.random(n) < prob, dtype="boolean")
    return rows.assign(account_id=[f"a{i}" for i in range(n)], churned=churned), prob


def fitted(rows: pd.DataFrame) -> tuple[Uncertainty, ChurnModel]:
    split = out_of_fold(rows["account_id"], rows["churned"], n_folds=3)
    churn = train_churn(rows, FEATURES, split).model
    X = churn.encoder.transform(rows)
    return fit_uncertainty(churn, X, rows["churned"].to_numpy(dtype=float), 1.0), churn


def _interval(sure: Uncertainty, churn: ChurnModel, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    prob = churn.prob(rows)
    return *sure.interval(churn.encoder.transform(rows), prob), prob


@pytest.mark.parametrize(("n", "n_worlds", "least"), [(200, 12, 0.84), (2000, 2, 0.88)])
def test_ninety_percent_intervals_cover_the_truth_of_other_accounts(n: int, n_worlds: int, least: float) -> None:
    covered = []
    for seed in range(n_worlds):
        rows, truth = world(2 * n, seed)
        sure, churn = fitted(rows[:n])
        low, high, prob = _interval(sure, churn, rows[n:])
        assert ((low < prob) & (prob < high)).all()
        covered.append(float(((low <= truth[n:]) & (truth[n:] <= high)).mean()))
    assert least < np.mean(covered) < 0.99


def test_intervals_narrow_with_more_accounts() -> None:
    widths = {}
    for n in (200, 2000):
        rows, _ = world(n, 0)
        low, high, _ = _interval(*fitted(rows), rows)
        widths[n] = float(np.median(high - low))
    assert widths[2000] < 0.7 * widths[200]


def test_the_mean_over_the_interval_is_the_probability_that_was_predicted() -> None:
    rng = np.random.default_rng(0)
    prob, sd = rng.uniform(0.002, 0.98, 50), rng.uniform(0.1, 2.5, 50)
    drawn = centre(prob, sd)[:, None] + sd[:, None] * rng.standard_normal((50, 40_000))
    np.testing.assert_allclose(probability(drawn).mean(axis=1), prob, atol=0.01)


def test_an_account_has_the_same_interval_alone_and_among_many() -> None:
    rows, _ = world(600, 5)
    sure, churn = fitted(rows)
    X, prob = churn.encoder.transform(rows), churn.prob(rows)
    low, high = sure.interval(X, prob)
    for some in (slice(0, 1), slice(7, 40), slice(100, 599)):
        of_some = sure.interval(X[some], prob[some])
        assert (of_some.low == low[some]).all()
        assert (of_some.high == high[some]).all()


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    rows, _ = world(150, 0)
    sure, churn = fitted(rows)
    sure.save(tmp_path)
    back = Uncertainty.load(tmp_path)
    np.testing.assert_allclose(_interval(back, churn, rows)[0], _interval(sure, churn, rows)[0], rtol=1e-3)
    (tmp_path / FILE).write_bytes(b"nothing")
    with pytest.raises(ReleaseError, match=r"interval\.parquet, which cannot be read"):
        Uncertainty.load(tmp_path)
