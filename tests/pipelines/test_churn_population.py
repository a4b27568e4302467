"""A sample in which all that churned were kept says the same of all rows as all rows would."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from features.catalog import Feature
from pipelines.account_draw import drawn
from pipelines.churn.background import counting_all_rows
from pipelines.churn.bootstrap import Interval, percentile_interval, resampled_weights
from pipelines.churn.business_rule import RiskTable
from pipelines.churn.calibration import Calibration, probability
from pipelines.churn.evaluation import held_out_evaluation, usual_learners
from pipelines.churn.logistic import LogisticBaseline
from pipelines.churn.metrics import figures
from pipelines.churn.population import row_weights, weighted_quantiles
from pipelines.churn.splits import evaluation_split, search_split
from pipelines.churn.training import Training, known_labels, train_churn

KEPT_SHARE = 0.05
NAMES = ("calls", "wait", "use", "noise")
PLAN = Feature("plan", "firmographic", "context", "", "Plan", kind="category")
FEATURES = (*(Feature(name, "behaviour", "behaviour", "", name) for name in NAMES), PLAN)


def population(n: int, seed: int) -> pd.DataFrame:
    """Rows of which 5 % churn, with the probability that each truly had."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)).astype(np.float32)
    plan = rng.choice(["free", "pro", "team"], n, p=[0.2, 0.5, 0.3])
    truth = probability(-4.2 + 1.2 * X[:, 0] + np.sign(X[:, 1] * X[:, 2]) + 0.9 * (plan == "free"))
    rows = pd.DataFrame(dict(zip(NAMES, X.T, strict=True))).assign(plan=pd.Categorical(plan))
    ids = [f"A{seed}-{i:06d}" for i in range(n)]
    return rows.assign(account_id=ids, truth=truth, churned=pd.array(rng.random(n) < truth, dtype="boolean"))


def sampled(rows: pd.DataFrame, seed: int = 0) -> tuple[pd.DataFrame, float]:
    churned = rows["churned"].to_numpy(dtype=bool)
    kept = churned | (drawn(rows["account_id"], seed) < KEPT_SHARE)
    return rows[kept].reset_index(drop=True), float((kept & ~churned).sum() / (~churned).sum())


@dataclass(frozen=True)
class Sampled:
    rows: pd.DataFrame
    kept_share: float
    training: Training


@pytest.fixture(scope="module")
def whole() -> pd.DataFrame:
    return population(80_000, seed=2)


@pytest.fixture(scope="module")
def sample(whole: pd.DataFrame) -> Sampled:
    rows, kept_share = sampled(whole)
    split = search_split(rows, 0, n_folds=3)
    return Sampled(rows, kept_share, train_churn(rows, FEATURES, split, kept_share=kept_share))


@pytest.fixture(scope="module")
def later() -> pd.DataFrame:
    return population(30_000, seed=3)


def test_probabilities_are_calibrated_for_all_rows(sample: Sampled, later: pd.DataFrame) -> None:
    churned, log_odds = later["churned"].to_numpy(dtype=bool), sample.training.model.log_odds(later)
    error = np.sqrt(churned.mean() * (1 - churned.mean()) / len(churned))
    assert probability(log_odds).mean() == pytest.approx(churned.mean(), abs=1.96 * error)
    assert Calibration.fit(log_odds, churned).slope == pytest.approx(1, abs=0.06)
    # What the tenth of the rows that was kept says of itself.
    assert len(sample.rows) < 80_000 / 10
    assert probability(log_odds - np.log(sample.kept_share)).mean() > 5 * churned.mean()


def test_a_model_of_the_sample_is_within_the_noise_of_a_model_of_all_rows(
    sample: Sampled, whole: pd.DataFrame, later: pd.DataFrame
) -> None:
    churned = later["churned"].to_numpy(dtype=bool)
    of_all = train_churn(whole, FEATURES, search_split(whole, 0, n_folds=3)).model.prob(later)
    of_sample = sample.training.model.prob(later)
    drawn_figures = [figures(churned, of_all, w) for w in resampled_weights(later["account_id"], 200, seed=0)]
    for name, score in (("auc", roc_auc_score), ("log_loss", log_loss)):
        interval = percentile_interval(score(churned, of_all), np.concatenate([found[name] for found in drawn_figures]))
        assert interval.low < score(churned, of_sample) < interval.high
    best = log_loss(churned, later["truth"])
    known = log_loss(churned, np.full(len(churned), churned.mean())) - best
    assert log_loss(churned, of_sample) - best < 0.1 * known


def test_held_out_log_odds_are_those_of_all_rows(sample: Sampled) -> None:
    churned = sample.rows["churned"].to_numpy(dtype=bool)
    prob, weights = probability(sample.training.log_odds), row_weights(churned, sample.kept_share)
    assert np.average(prob, weights=weights) == pytest.approx(np.average(churned, weights=weights), rel=0.05)
    loss = log_loss(churned, prob, sample_weight=weights)
    assert sample.training.search.chosen.log_loss == pytest.approx(loss, rel=0.01)


def test_contributions_start_from_the_mean_of_all_rows(sample: Sampled, whole: pd.DataFrame) -> None:
    model, some = sample.training.model, whole.head(10_000)
    contributions, base = model.contributions(some)
    np.testing.assert_allclose(contributions.sum(axis=1) + base, model.log_odds(some), atol=1e-9)
    np.testing.assert_allclose(contributions.mean(axis=0), 0, atol=0.05)
    log_odds, weights = model.log_odds(sample.rows), row_weights(known_labels(sample.rows), sample.kept_share)
    assert base == pytest.approx(np.average(log_odds, weights=weights), abs=1e-3)
    assert base < log_odds.mean() - 0.5


def test_what_is_usual_is_usual_among_all_rows(sample: Sampled, whole: pd.DataFrame) -> None:
    usual = sample.training.model.usual
    assert usual["plan"] == "pro"
    assert usual["calls"] == pytest.approx(whole["calls"].median(), abs=0.04)
    assert sample.rows["calls"].median() > whole["calls"].median() + 0.3


def test_counting_all_rows_changes_no_prediction_and_weighs_the_leaves() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3_000, 3)).astype(np.float32)
    churned = rng.random(3_000) < probability(2 * X[:, 0] * X[:, 1])
    settings = {"objective": "binary", "num_leaves": 8, "bagging_fraction": 0.7, "bagging_freq": 1, "verbosity": -1}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, churned.astype(float)), 15)
    weights = row_weights(churned, 0.1)
    counted = lightgbm.Booster(model_str=counting_all_rows(booster.model_to_string(), X, weights))
    raw = booster.predict(X, raw_score=True)
    np.testing.assert_array_equal(counted.predict(X, raw_score=True), raw)
    assert counted.predict(X, pred_contrib=True)[0, -1] == pytest.approx(np.average(raw, weights=weights), abs=1e-3)
    leaves = booster.predict(X, pred_leaf=True)[:, 3]
    tree = counted.dump_model()["tree_info"][3]["tree_structure"]
    assert told(tree) == {leaf: round(weights[leaves == leaf].sum()) for leaf in range(8)}
    assert tree["internal_count"] == sum(told(tree).values())


def told(node: dict) -> dict[int, int]:
    if "leaf_index" in node:
        return {node["leaf_index"]: node["leaf_count"]}
    return told(node["left_child"]) | told(node["right_child"])


def test_a_rule_on_a_sample_is_the_rule_on_the_rows_it_stands_for() -> None:
    plans, churned = ["free"] * 6 + ["pro"] * 9, np.arange(15) % 3 == 0
    rows = pd.DataFrame({"plan": plans, "churned": churned})
    stood_for = rows.loc[np.repeat(np.arange(15), np.where(churned, 1, 20))]
    of_sample, of_all = RiskTable.fit(rows, [PLAN], kept_share=KEPT_SHARE), RiskTable.fit(stood_for, [PLAN])
    np.testing.assert_allclose(of_sample.prob(rows), of_all.prob(rows))


def test_baselines_are_calibrated_for_all_rows(sample: Sampled, later: pd.DataFrame) -> None:
    for learner in (RiskTable, LogisticBaseline):
        prob = learner.fit(sample.rows, FEATURES, kept_share=sample.kept_share).prob(later)
        assert prob.mean() == pytest.approx(later["churned"].mean(), rel=0.05)


def test_parts_of_a_rule_hold_a_tenth_of_all_rows(sample: Sampled, whole: pd.DataFrame) -> None:
    table = RiskTable.fit(sample.rows, FEATURES, column="calls", kept_share=sample.kept_share)
    parts = np.searchsorted(table.edges, whole["calls"], side="right")
    np.testing.assert_allclose(np.bincount(parts) / len(whole), 0.1, atol=0.01)


@pytest.fixture(scope="module")
def dated() -> pd.DataFrame:
    months = pd.date_range("2025-01-01", periods=6, freq="MS").as_unit("us")
    return population(48_000, seed=4).assign(
        account_id=np.tile([f"A{i:05d}" for i in range(8_000)], 6), as_of=np.repeat(months, 8_000)
    )


def test_figures_of_a_sample_are_those_of_all_rows(dated: pd.DataFrame) -> None:
    rows, kept_share = sampled(dated)
    of_all, of_sample = (
        held_out_evaluation(
            each,
            FEATURES,
            evaluation_split(each, 31),
            usual_learners(gap_days=31, kept_share=share),
            kept_share=share,
        )
        for each, share in ((dated, 1.0), (rows, kept_share))
    )
    assert of_sample.n_churned == of_all.n_churned
    assert of_sample.predictions["weight"].sum() == pytest.approx(of_all.n_rows, rel=0.05)
    for name, found in of_all.figures.items():
        for key in ("auc", "average_precision", "log_loss", "brier", "lift"):
            assert overlap(found[key], of_sample.figures[name][key]), (name, key)
        assert of_sample.figures[name]["log_loss"].value == pytest.approx(found["log_loss"].value, rel=0.05)
    assert of_sample.figures["model"]["ece"].value < 0.01


def overlap(a: Interval, b: Interval) -> bool:
    return a.low <= b.value <= a.high or b.low <= a.value <= b.high


def test_quantiles_of_equal_weights_are_those_of_numpy() -> None:
    values = np.random.default_rng(4).normal(size=57)
    shares = np.linspace(0, 1, 11)
    np.testing.assert_array_equal(weighted_quantiles(values, np.full(57, 3.0), shares), np.quantile(values, shares))


def test_weighted_quantiles_are_nearly_those_of_the_rows_stood_for() -> None:
    rng = np.random.default_rng(5)
    values, weights = rng.normal(size=4_000), rng.integers(1, 20, 4_000)
    found = weighted_quantiles(values, weights.astype(float), [0.1, 0.5, 0.9])
    np.testing.assert_allclose(found, np.quantile(np.repeat(values, weights), [0.1, 0.5, 0.9]), atol=1e-3)
