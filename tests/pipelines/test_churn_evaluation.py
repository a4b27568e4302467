"""The model is judged on rows it has not seen, and the verdict says how it came out."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from features.catalog import Feature
from pipelines.churn.bootstrap import Interval
from pipelines.churn.evaluation import Evaluation, held_out_evaluation, usual_learners
from pipelines.churn.splits import evaluation_split
from pipelines.churn.verdict import Contest, verdict

FEATURES = tuple(Feature(name, "behaviour", "behaviour", "", name) for name in ("a", "b", "noise"))
CUTOFFS = pd.date_range("2025-01-01", periods=8, freq="MS")


def panel(strength: float, n_accounts: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = n_accounts * len(CUTOFFS)
    X = rng.normal(size=(n, 3))
    churned = rng.random(n) < 1 / (1 + np.exp(1 - strength * np.sign(X[:, 0] * X[:, 1])))
    keys = [(f"A{i}", at) for at in CUTOFFS for i in range(n_accounts)]
    rows = pd.DataFrame(keys, columns=["account_id", "as_of"]).assign(churned=pd.array(churned, dtype="boolean"))
    return rows.assign(a=X[:, 0], b=X[:, 1], noise=X[:, 2])


def judged(strength: float) -> Evaluation:
    rows = panel(strength)
    return held_out_evaluation(rows, FEATURES, evaluation_split(rows, 31), usual_learners(gap_days=31))


@pytest.fixture(scope="module")
def strong() -> Evaluation:
    return judged(2.5)


@pytest.fixture(scope="module")
def noise() -> Evaluation:
    return judged(0.0)


def test_a_real_interaction_beats_every_baseline(strong: Evaluation) -> None:
    baselines = ["churn rate", "business rule", "logistic regression", "logistic regression on logarithms"]
    assert [(v.baseline, v.beats) for v in strong.verdicts] == [(name, True) for name in baselines]


def test_noise_beats_nothing_and_it_says_so(noise: Evaluation) -> None:
    assert not any(v.beats for v in noise.verdicts)
    assert all("does not beat the" in v.sentence or "is worse than the" in v.sentence for v in noise.verdicts)


def test_out_of_time_only_later_rows_are_judged(strong: Evaluation) -> None:
    assert strong.how == "out_of_time"
    assert strong.predictions["as_of"].min() == pd.Timestamp("2025-07-01")
    assert (strong.n_rows, strong.n_accounts) == (300, 150)


def test_figures_are_those_of_the_pooled_predictions(strong: Evaluation) -> None:
    churned = strong.predictions["churned"].to_numpy(dtype=bool)
    for name, found in strong.figures.items():
        assert found["auc"].value == pytest.approx(roc_auc_score(churned, strong.predictions[name]))
        assert found["log_loss"].value == pytest.approx(log_loss(churned, strong.predictions[name]))


def test_intervals_hold_their_value(strong: Evaluation) -> None:
    for name in ("auc", "log_loss", "brier", "average_precision"):
        found = strong.figures["model"][name]
        assert found.low < found.value < found.high


def test_a_gain_is_positive_where_the_model_is_better(strong: Evaluation) -> None:
    gain = strong.gains["business rule"]["log_loss"]
    model, rule = (strong.figures[name]["log_loss"].value for name in ("model", "business rule"))
    assert gain.value == pytest.approx(rule - model)
    assert strong.gains["business rule"]["auc"].value > 0


def test_a_paired_interval_is_narrower_than_the_two_it_compares(noise: Evaluation) -> None:
    def width(found: Interval) -> float:
        return found.high - found.low

    paired = noise.gains["logistic regression"]["log_loss"]
    assert width(paired) < width(noise.figures["model"]["log_loss"])


def test_one_fold_has_itself_for_mean(strong: Evaluation) -> None:
    assert strong.fold_means["model"]["auc"] == pytest.approx(strong.figures["model"]["auc"].value)


def test_it_can_be_written_as_json(strong: Evaluation) -> None:
    plain = json.loads(json.dumps(strong.to_dict(), allow_nan=False))
    assert plain["figures"]["model"]["auc"]["value"] == strong.figures["model"]["auc"].value
    assert plain["verdicts"][1]["baseline"] == "business rule"


def test_the_same_rows_and_seed_are_judged_the_same(strong: Evaluation) -> None:
    again = judged(2.5).to_dict()
    assert {**again, "seconds": None} == {**strong.to_dict(), "seconds": None}


def contest(gain: Interval, auc_gain: float) -> Contest:
    ours = {"log_loss": Interval(0.51, 0.5, 0.53), "auc": Interval(0.70, 0.6, 0.8)}
    theirs = {
        "log_loss": Interval(0.51 + gain.value, 0.5, 0.53),
        "auc": Interval(0.70 - auc_gain, 0.6, 0.8),
    }
    return Contest("business rule", ours, theirs, {"log_loss": gain, "auc": Interval(auc_gain, -1, 1)}, 1500)


@pytest.mark.parametrize(
    ("gain", "auc_gain", "claim"),
    [
        (Interval(0.02, 0.01, 0.03), 0.05, "The model beats the business rule"),
        (Interval(0.02, 0.01, 0.03), -0.05, "The model does not beat the business rule"),
        (Interval(0.02, -0.01, 0.03), 0.05, "The model does not beat the business rule"),
        (Interval(-0.02, -0.03, -0.01), 0.05, "The model is worse than the business rule"),
    ],
)
def test_it_beats_only_beyond_the_interval_and_without_ranking_worse(
    gain: Interval, auc_gain: float, claim: str
) -> None:
    found = verdict(contest(gain, auc_gain))
    assert found.sentence.startswith(f"{claim}: ")
    assert (found.beats, found.loses) == (claim.endswith("beats the business rule"), "worse" in claim)


def test_the_verdict_names_its_numbers() -> None:
    assert verdict(contest(Interval(-0.01, -0.03, 0.01), 0.0)).sentence == (
        "The model does not beat the business rule: log loss 0.5100 against 0.5000 (difference -0.0100, "
        "95 % interval -0.0300 to 0.0100, n = 1,500 accounts), AUC 0.7000 against 0.7000."
    )
