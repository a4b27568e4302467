"""Cox against statsmodels, figures of merit against their definitions, and the curve of a backtest beside Cox."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from features.labels import ChurnDefinition
from features.panel import Panel
from pipelines.churn.cox import Cox, coefficients
from pipelines.churn.encoder import Encoder
from pipelines.churn.evaluation import MODEL
from pipelines.churn.followed import Followed
from pipelines.churn.lifetimes import Lifetimes
from pipelines.churn.splits import rolling_origins
from pipelines.churn.survival import brier_scores, c_index
from pipelines.curve_backtest import COX, CURVE, judge_curves

USE = (Feature("use", "behaviour", "behaviour", "", "Use"), Feature("size", "firmographic", "context", "", "Size"))


def lives_of(days: np.ndarray, until: float) -> Lifetimes:
    left = days < until
    return Lifetimes(np.minimum(days, until), np.full(len(days), until), left, np.where(left, "cancelled", ""))


def test_coefficients_without_a_penalty_are_those_of_statsmodels() -> None:
    from statsmodels.duration.hazard_regression import PHReg

    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    days = np.ceil(rng.exponential(200 * np.exp(-X @ [0.5, -0.3, 0.0])))
    lives = lives_of(days, 250.0)
    theirs = PHReg(lives.days, X, status=lives.left.astype(int), ties="breslow").fit(disp=0)
    np.testing.assert_allclose(coefficients(X, lives, 1e-9), theirs.params, atol=1e-5)


def test_the_survival_that_cox_tells_is_near_the_true_one() -> None:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"use": rng.normal(size=3000), "size": rng.normal(size=3000)})
    scale = 200 * np.exp(-0.8 * np.sign(rows["use"]) * np.log1p(np.abs(rows["use"]))).to_numpy()
    lives = lives_of(rng.exponential(scale), 300.0)
    encoder = Encoder.fit(rows, USE)
    cox = Cox.fit(Followed(encoder, encoder.transform(rows), lives, np.arange(3000), np.ones(3000)), seed=0)
    days = np.array([30.0, 90.0, 240.0])
    assert np.abs(cox.stayed(rows, days) - np.exp(-days / scale[:, None])).mean() < 0.02


def test_brier_scores_count_those_who_were_followed_for_those_who_were_not() -> None:
    lives = Lifetimes(
        np.array([10.0, 100.0, 50.0, 40.0]),
        np.array([100.0, 100.0, 50.0, 100.0]),
        np.array([True, False, False, True]),
        np.array(["cancelled", "", "", "cancelled"]),
    )
    found = brier_scores(lives, np.full((4, 2), 0.8), np.array([30.0, 60.0]))
    np.testing.assert_allclose(found[:, 0], [0.64, 0.04, 0.04, 0.04])
    # One of four was not followed for 60 days: the others count by 4 / 3.
    np.testing.assert_allclose(found[:, 1], np.array([0.64, 0.04, 0.0, 0.64]) * 4 / 3)


def test_the_c_index_is_the_auc_where_all_who_left_left_at_once() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(2)
    risk, left = rng.normal(size=300), rng.random(300) < 0.3
    lives = Lifetimes(np.where(left, 5.0, 90.0), np.full(300, 90.0), left, np.where(left, "cancelled", ""))
    assert c_index(lives, risk, 90.0) == pytest.approx(roc_auc_score(left, risk))


def test_a_backtest_judges_the_curve_beside_cox_by_what_was_known_at_each_origin() -> None:
    rng = np.random.default_rng(3)
    months = pd.date_range("2023-01-01", "2025-01-01", freq="MS")
    use = rng.normal(size=500)
    # Trees see what proportional hazards cannot: both ends leave.
    left_at = months[0] + pd.to_timedelta(rng.exponential(900 / (0.2 + use**2 * 1.5)) + 1, unit="D")
    until = pd.Timestamp("2025-01-01")
    parts = []
    for month in months:
        there = left_at > month
        churned = pd.array(left_at[there] < month + pd.Timedelta(days=90), dtype="boolean")
        if month + pd.Timedelta(days=120) > until:
            churned[:] = pd.NA
        names = np.array([f"a{i}" for i in range(500)])[there]
        parts.append(
            pd.DataFrame({"account_id": names, "as_of": month, "use": use[there], "size": 0.0, "churned": churned})
        )
    gone = left_at < until
    departures = pd.DataFrame(
        {"account_id": np.array([f"a{i}" for i in range(500)])[gone], "left_at": left_at[gone], "way": "cancelled"}
    )
    panel = Panel(
        pd.concat(parts, ignore_index=True), USE, ChurnDefinition("subscription"), until, departures=departures
    )
    split = rolling_origins(panel.matured, 120, 2)
    tests = [panel.matured.iloc[fold.test].assign(fold=number) for number, fold in enumerate(split.folds)]
    told = pd.concat(tests, ignore_index=True)
    told[MODEL] = 1 - np.exp(-90 / 900 * (0.2 + told["use"] ** 2 * 1.5))
    judged = judge_curves(panel, split, told, seed=0)
    assert judged is not None
    assert judged.brier[CURVE].value < judged.brier[COX].value
    assert judged.gain.low > 0
    assert judged.c_index[CURVE] > judged.c_index[COX]
    assert judged.n_rows == len(told)
