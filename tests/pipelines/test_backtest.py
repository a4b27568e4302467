"""Backtesting on accounts whose risk is known: origins, gaps, groups, and what it costs to be wrong about dates."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError
from features.feature import Feature
from features.labels import ChurnDefinition
from features.panel import Panel
from pipelines.backtest import Backtest, backtested
from pipelines.churn.health_score import HealthScore
from pipelines.churn.splits import rolling_origins
from pipelines.config import Settings, Tiers
from pipelines.explain_backtest import as_json, sentences
from pipelines.tiers import tier_limits, tiers_by_date

FEATURES = (
    Feature("recency_days", "behaviour", "behaviour", "days", "Time since the last activity", direction=1),
    Feature("usage_90d", "behaviour", "behaviour", "count", "Use, last 90 days", direction=-1),
    Feature("employees", "firmographic", "context", "employees", "Employees"),
    Feature("tenure_days", "firmographic", "context", "days", "Tenure"),
)
MONTHS = pd.date_range("2024-01-01", periods=16, freq="MS")


def monthly_panel(n: int = 400, seed: int = 0) -> Panel:
    """Accounts whose use decides whether they go; three months later it is known whether they did."""
    rng = np.random.default_rng(seed)
    use, size, since = rng.normal(size=n), np.exp(rng.normal(4, 1, n)), rng.uniform(100, 2000, n)
    there, rows = np.ones(n, dtype=bool), []
    leaves = np.full(n, 99)
    hazard = 1 / (1 + np.exp(-(-3.4 - 1.3 * use)))
    for month in range(len(MONTHS) + 3):
        goes = there & (rng.random(n) < hazard)
        leaves[goes], there = month, there & ~goes
    for month, as_of in enumerate(MONTHS):
        present = np.flatnonzero(leaves >= month)
        rows.append(
            pd.DataFrame(
                {
                    "account_id": [f"A-{number:03}" for number in present],
                    "as_of": as_of,
                    "churned": pd.array(leaves[present] < month + 3, dtype="boolean"),
                    "recency_days": rng.exponential(20, len(present)) * np.exp(-0.5 * use[present]),
                    "usage_90d": np.round(np.exp(3 + use[present] + rng.normal(0, 0.2, len(present)))),
                    "employees": size[present],
                    "tenure_days": since[present] + 30 * month,
                }
            )
        )
    return Panel(pd.concat(rows, ignore_index=True), FEATURES, ChurnDefinition("subscription"), MONTHS[-1])


PANEL = monthly_panel()


@pytest.fixture(scope="module")
def found() -> Backtest:
    return backtested(PANEL, Settings(), 2, None, lambda _: None)


def test_every_origin_learns_only_from_labels_that_were_due_then() -> None:
    gap = PANEL.definition.matures_days
    split = rolling_origins(PANEL.matured, gap, 3)
    times = PANEL.matured["as_of"].to_numpy()
    assert len(split.folds) == 3
    judged = [set(fold.test.tolist()) for fold in split.folds]
    assert not set.intersection(*judged)
    for fold in split.folds:
        assert times[fold.train].max() + np.timedelta64(gap, "D") <= times[fold.test].min()


def test_the_model_is_judged_beside_what_companies_use(found: Backtest) -> None:
    assert found.n_origins == 2
    assert list(found.evaluation.figures) == [
        "model",
        "churn rate",
        "business rule",
        "logistic regression",
        "logistic regression on logarithms",
        "health score",
    ]
    assert found.evaluation.figures["model"]["auc"].value > found.evaluation.figures["business rule"]["auc"].value
    reliable = found.reliability["model"]
    assert reliable is not None
    assert reliable.slope.low < 1 < reliable.slope.high


def test_groups_hold_their_own_rows_and_small_ones_are_left_out(found: Backtest) -> None:
    kinds = {(group.kind, group.group) for group in found.groups}
    assert {kind for kind, _ in kinds} == {"size (employees)", "tenure (tenure_days)"}
    sizes = [group for group in found.groups if group.kind.startswith("size")]
    assert sum(group.n_rows for group in sizes) == found.evaluation.n_rows
    assert sum(group.n_churned for group in sizes) == found.evaluation.n_churned
    predictions = found.evaluation.predictions
    rows = PANEL.matured.iloc[predictions["row"]]
    low = predictions[(rows["employees"] <= np.quantile(rows["employees"], 1 / 3)).to_numpy()]
    (told,) = [group for group in sizes if group.group == "low"]
    assert told.counted == pytest.approx(low["churned"].astype(float).mean())
    assert told.predicted == pytest.approx(low["model"].mean())
    few = backtested(monthly_panel(60, seed=3), Settings(), 1, None, lambda _: None)
    assert all(group.n_churned >= 20 for group in few.groups)


def test_it_says_whether_churners_were_seen_coming(found: Backtest) -> None:
    seen = found.warned["model"]
    assert seen is not None
    predictions = found.evaluation.predictions
    last = predictions.sort_values("as_of").drop_duplicates("account_id", keep="last")
    gone = last[(last["as_of"] < predictions["as_of"].max()) & last["churned"].astype(bool)]
    assert seen.n_left == len(gone)
    other = found.warned["business rule"]
    assert other is not None
    assert seen.false_green.value <= other.false_green.value


def test_tiers_by_cost_are_those_that_training_sets(found: Backtest) -> None:
    by_cost = Tiers(call_cost=20.0, call_saves=100.0)
    told = found.evaluation.predictions
    tier = tiers_by_date(told, "model", by_cost)
    limits = tier_limits(told["model"].to_numpy(), by_cost)
    assert ((tier == "high") == (told["model"] >= limits.high_prob)).all()
    assert set(tier) == {"high", "medium", "low"}


def test_the_words_and_the_json_tell_the_same(found: Backtest) -> None:
    said = json.loads(as_json(found))
    lines = list(sentences(found))
    assert f"{said['n_rows']:,} rows of {said['n_accounts']:,} accounts" in lines[0]
    assert lines[1].startswith("model: of ")
    assert "(false green)" in lines[1]
    assert said["figures"]["model"].keys() >= {"auc", "log_loss", "brier", "ece", "lift", "slope", "intercept"}
    assert said["figures"]["model"]["ece"]["low"] is None
    assert len(said["groups"]) == len(found.groups)


def test_without_dates_there_is_no_past_to_go_back_to() -> None:
    flat = replace(PANEL, rows=PANEL.rows.drop(columns="as_of").drop_duplicates("account_id"))
    with pytest.raises(ModelError, match="got rows without dates; expected as-of dates to go back to"):
        backtested(flat, Settings(), 2, None, lambda _: None)


def test_too_short_a_history_is_refused_with_what_is_needed() -> None:
    short = replace(PANEL, rows=PANEL.rows[PANEL.rows["as_of"] <= MONTHS[2]])
    with pytest.raises(ModelError, match="got 3 as-of dates whose labels are due; expected some that lie"):
        backtested(short, Settings(), 2, None, lambda _: None)


def test_a_health_score_is_the_mean_rank_of_what_has_a_direction() -> None:
    rows = PANEL.matured
    score = HealthScore.fit(rows, FEATURES)
    assert set(score.signs) == {"recency_days", "usage_90d"}
    healthy, ill = {"recency_days": [0.0], "usage_90d": [1e6]}, {"recency_days": [1e6], "usage_90d": [0.0]}
    assert score.prob(healthy)[0] < rows["churned"].astype(float).mean() < score.prob(ill)[0]
    unknown = score.prob({"recency_days": [np.nan], "usage_90d": [np.nan]})[0]
    assert score.prob(healthy)[0] < unknown < score.prob(ill)[0]
    with pytest.raises(ModelError, match="no feature whose direction is known"):
        HealthScore.fit(rows, FEATURES[2:])


def test_the_command_refuses_flat_data_in_plain_words(project, capsys: pytest.CaptureFixture) -> None:
    assert project.run("backtest") == 1
    assert "error: got rows without dates" in capsys.readouterr().err
