"""Signals against changes that were planted, and against noise that means nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from features.labels import ChurnDefinition
from pipelines.monitoring.drift import Dates, _features, _scores, _segments
from pipelines.monitoring.estimated import estimated_performance
from pipelines.monitoring.leaving import Interval, intervals, leaving_signals
from pipelines.monitoring.served import due_scores, judged, keep_scores, served_scores
from pipelines.monitoring.signal import usual_change

MONTHS = pd.date_range("2024-01-01", periods=24, freq="MS")
MADE = MONTHS[18]
USE = Feature("use", "behaviour", "behaviour", "events", "Use")


def monthly(n: int, shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Accounts whose use is much the same for months, and moves by `shift` standard deviations after the release."""
    rng = np.random.default_rng(seed)
    parts = []
    for month in MONTHS:
        use = rng.normal(3 + 0.02 * rng.normal() + (shift if month > MADE else 0.0), 1, n)
        parts.append(pd.DataFrame({"account_id": [f"a{i}" for i in range(n)], "as_of": month, "use": np.expm1(use)}))
    return pd.concat(parts, ignore_index=True)


def months(gone: list[int], expected: float = 50.0) -> list[Interval]:
    starts = pd.date_range("2023-01-01", periods=len(gone) + 1, freq="MS")
    return [Interval(a, b, 1000, n, expected) for a, b, n in zip(starts, starts[1:], gone, strict=False)]


def test_more_departures_than_expected_ask_for_training_again() -> None:
    found = months([45, 52, 48, 55, 50, 47, 53, 49, 51, 46, 54, 50, *[95, 100, 98]])
    signals = leaving_signals(found, found[11].end)
    assert [signal.verdict for signal in signals] == ["retrain", "retrain"]
    assert signals[1].value == pytest.approx(98 / 50, rel=0.03)
    assert signals[1].low < signals[1].value < signals[1].high


def test_departures_that_vary_by_chance_alarm_one_time_in_twenty_at_most() -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(400):
        found = months(rng.poisson(50, 15).tolist())
        alarms += any(signal.verdict != "fine" for signal in leaving_signals(found, found[11].end))
    assert alarms / 400 <= 0.05


def test_with_little_history_nothing_is_said_of_departures() -> None:
    found = months([50] * 8)
    assert leaving_signals(found, found[3].end) == []
    assert leaving_signals(found, found[-1].end) == []


def test_the_gone_are_those_who_are_at_one_date_and_not_at_the_next() -> None:
    at = MONTHS[:3]
    rows = pd.DataFrame({"account_id": ["a", "b", "a", "c", "c"], "as_of": [at[0], at[0], at[1], at[1], at[2]]})
    curve = SimpleNamespace(stayed=lambda there, *_, **__: np.full((len(there), 2), 0.9))
    release = cast(Any, SimpleNamespace(curve=curve, manifest=SimpleNamespace(horizon_days=90)))
    found = intervals(release, rows, np.full(5, 0.1))
    assert [(one.n, one.gone) for one in found] == [(2, 1), (2, 1)]


@pytest.mark.parametrize("n", [200, 20_000])
def test_a_shift_of_features_is_told_as_a_size_whatever_the_number_of_accounts(n: int) -> None:
    for shift, verdict in ((0.0, "fine"), (0.8, "watch")):
        rows = monthly(n, shift)
        dates = Dates.of(rows, MADE)
        together, *_ = _features(dates, rows, [USE], {"use": 1.0})
        assert together.verdict == verdict
        if shift:
            assert together.value == pytest.approx(0.7, abs=0.2)


def test_scores_and_segments_that_move_far_are_watched_and_small_moves_are_fine() -> None:
    rows = monthly(2000)
    dates = Dates.of(rows, MADE)
    rng = np.random.default_rng(1)
    is_new = (rows["as_of"] > MADE).to_numpy()
    for factor, verdict in ((1.05, "fine"), (1.6, "watch")):
        prob = np.clip(rng.beta(1, 15, len(rows)) * np.where(is_new, factor, 1.0), 1e-4, 0.99)
        signal = _scores(dates, prob)
        assert signal.verdict == verdict
        assert signal.value == pytest.approx(factor - 1, abs=0.08)
    for share, verdict in ((0.33, "fine"), (0.6, "watch")):
        places = np.where(rng.random(len(rows)) < np.where(is_new, share, 0.3), "price", "service").tolist()
        assert _segments(dates, "needs", places).verdict == verdict


def test_what_was_usual_before_is_where_the_next_change_lies() -> None:
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(300):
        series = np.cumsum(rng.normal(size=25)) * 0.1
        inside.append(usual_change(series[:22], 3).holds(series[24] - series[21]))
    assert np.mean(inside) > 0.95


def test_estimated_figures_are_those_of_labels_drawn_from_the_probabilities() -> None:
    rng = np.random.default_rng(0)
    prob = rng.beta(1, 9, 4000)
    from sklearn.metrics import brier_score_loss, roc_auc_score

    churned = rng.random(4000) < prob
    found = estimated_performance(prob)
    assert found["auc"].low < roc_auc_score(churned, prob) < found["auc"].high
    assert found["brier"].low < brier_score_loss(churned, prob) < found["brier"].high


def test_scores_are_judged_as_they_were_served_once_their_labels_are_due(tmp_path: Any) -> None:
    rng = np.random.default_rng(0)
    churn = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
    n, at = 1000, pd.Timestamp("2025-01-15")
    prob = rng.beta(1, 6, n)
    names = [f"a{i}" for i in range(n)]
    served = pd.DataFrame({"account_id": names, "as_of": at, "release": "r1", "churn_prob": prob, "tier": "low"})
    keep_scores(served, tmp_path)
    keep_scores(served.assign(as_of=pd.Timestamp("2025-06-01")), tmp_path)
    keep_scores(served.assign(as_of=pd.Timestamp("2024-06-01"), release="r0"), tmp_path)
    left = rng.random(n) < prob
    gone = pd.DataFrame(
        {"account_id": np.array(names)[left], "left_at": at + pd.Timedelta(days=30), "way": "cancelled"}
    )
    kept = served_scores(tmp_path, "r1")
    assert len(kept) == 2 * n
    assert len(due_scores(kept, churn, gone, at + pd.Timedelta(days=119))) == 0
    due = due_scores(kept, churn, gone, at + pd.Timedelta(days=121))
    assert due["churned"].tolist() == left.tolist()
    found = judged(due)
    assert found is not None
    assert found.n_churned == left.sum()
    assert found.figures["slope"].low < 1 < found.figures["slope"].high
    assert judged(due.head(5)) is None
