"""Training gives one model, the same each time, whose reasons add up to what it serves."""

from __future__ import annotations

import json
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from features.errors import ModelError, ReleaseError
from pipelines.churn.calibration import Calibration, probability
from pipelines.churn.encoder import Encoder
from pipelines.churn.model import FILES, ChurnModel
from pipelines.churn.splits import search_split
from pipelines.churn.training import Training, train_churn

FEATURES = (
    Feature("wait", "experience", "operations", "hours", "Median first response, last 90 days"),
    Feature("seats", "firmographic", "context", "seats", "Seats"),
    Feature("plan", "firmographic", "context", "", "Plan", kind="category"),
    Feature("is_live", "behaviour", "behaviour", "yes or no", "Whether it is live"),
)


def company(n: int = 600, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(n)],
            "wait": np.where(rng.random(n) < 0.1, np.nan, rng.exponential(10, n)),
            "seats": rng.integers(1, 50, n).astype(float),
            "plan": pd.array(rng.choice(["free", "pro", "team"], n, p=[0.5, 0.3, 0.2]), dtype="str"),
            "is_live": rng.random(n) < 0.7,
        }
    )
    log_odds = -1.5 + 0.1 * rows["wait"].fillna(10) + (rows["plan"] == "free") - rows["is_live"]
    return rows.assign(churned=pd.array(rng.random(n) < probability(log_odds.to_numpy()), dtype="boolean"))


def trained(rows: pd.DataFrame, seed: int = 0) -> Training:
    return train_churn(rows, FEATURES, search_split(rows, 0, n_folds=3, seed=seed), seed=seed)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return company()


@pytest.fixture(scope="module")
def training(rows: pd.DataFrame) -> Training:
    return trained(rows)


@pytest.fixture(scope="module")
def model(training: Training) -> ChurnModel:
    return training.model


def test_the_same_data_and_seed_give_the_same_model_to_the_letter(rows: pd.DataFrame, model: ChurnModel) -> None:
    again = trained(rows.copy()).model
    assert (again.text, again.encoder, again.calibration, again.usual) == (
        model.text,
        model.encoder,
        model.calibration,
        model.usual,
    )


def test_it_finds_what_was_planted(rows: pd.DataFrame, model: ChurnModel) -> None:
    long, short = (rows.assign(wait=hours) for hours in (40.0, 1.0))
    assert (model.prob(long) > model.prob(short)).all()


def test_probabilities_lie_between_zero_and_one_and_are_the_log_odds(rows: pd.DataFrame, model: ChurnModel) -> None:
    prob = model.prob(rows)
    assert ((prob > 0) & (prob < 1)).all()
    np.testing.assert_allclose(np.log(prob / (1 - prob)), model.log_odds(rows), atol=1e-9)


def test_contributions_add_up_to_the_log_odds(rows: pd.DataFrame, model: ChurnModel) -> None:
    contributions, base = model.contributions(rows)
    assert contributions.shape == (len(rows), len(FEATURES))
    np.testing.assert_allclose(contributions.sum(axis=1) + base, model.log_odds(rows), atol=1e-9)


def test_contributions_are_shap_values(model: ChurnModel) -> None:
    shap = pytest.importorskip("shap")
    numeric = [f for f in FEATURES if f.kind == "number"]
    rows = company(200, seed=1)
    X = Encoder.fit(rows, numeric).transform(rows)
    settings = {"objective": "binary", "num_leaves": 6, "num_threads": 1, "verbosity": -1}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, rows["churned"].to_numpy(dtype=float)), 20)
    ours = ChurnModel.of_text(booster.model_to_string(), Encoder.fit(rows, numeric), Calibration(0.3, 0.8), {})
    explainer = shap.TreeExplainer(booster)
    # Otherwise shap asks LightGBM itself, and would agree with anything.
    explainer.model.model_type = "internal"
    contributions, base = ours.contributions(rows)
    np.testing.assert_allclose(contributions, 0.8 * explainer.shap_values(X), atol=1e-6)
    assert base == pytest.approx(0.3 + 0.8 * np.ravel(explainer.expected_value)[-1], abs=1e-6)


def test_one_row_at_a_time_is_the_batch(rows: pd.DataFrame, model: ChurnModel) -> None:
    batch = model.log_odds(rows)
    for i in range(0, 60, 3):
        plain = {name: [value] for name, value in rows.iloc[i].items()}
        assert model.log_odds(plain)[0] == pytest.approx(batch[i], abs=1e-12)


def test_a_row_as_it_is_served_is_the_row_of_the_panel_to_the_bit(rows: pd.DataFrame, model: ChurnModel) -> None:
    stored = rows.astype({"wait": np.float32, "seats": np.float32, "plan": "category"})
    served = json.loads(stored.to_json(orient="records", double_precision=15))
    online = [model.log_odds({name: [value] for name, value in row.items()})[0] for row in served[:60]]
    np.testing.assert_array_equal(online, model.log_odds(stored)[:60])


def test_a_float64_is_served_as_the_float32_next_to_it(model: ChurnModel) -> None:
    sent = {"wait": [0.1, 1e39], "seats": [7.3, 1.0]}
    stored = {"wait": np.array([0.1, np.nan], dtype=np.float32), "seats": np.array([7.3, 1.0], dtype=np.float32)}
    np.testing.assert_array_equal(model.log_odds(sent), model.log_odds(stored))


def test_large_batches_are_scored_as_small_ones(rows: pd.DataFrame, model: ChurnModel) -> None:
    many = pd.concat([rows, rows, rows], ignore_index=True)
    np.testing.assert_allclose(model.log_odds(many)[:600], model.log_odds(rows), atol=1e-12)


def test_an_unseen_category_scores_as_a_missing_one(rows: pd.DataFrame, model: ChurnModel) -> None:
    unseen, missing = rows.assign(plan="galactic"), rows.assign(plan=None)
    np.testing.assert_array_equal(model.log_odds(unseen), model.log_odds(missing))
    np.testing.assert_array_equal(model.log_odds(missing), model.log_odds(rows.drop(columns="plan")))


def test_a_saved_model_predicts_the_same(rows: pd.DataFrame, model: ChurnModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    loaded = ChurnModel.load(tmp_path)
    np.testing.assert_array_equal(loaded.log_odds(rows), model.log_odds(rows))
    assert (loaded.text, loaded.encoder, loaded.usual) == (model.text, model.encoder, model.usual)


@pytest.mark.parametrize("name", FILES)
def test_an_absent_file_is_named(model: ChurnModel, tmp_path: Path, name: str) -> None:
    model.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ReleaseError, match=f"without {name}"):
        ChurnModel.load(tmp_path)


def test_a_damaged_model_is_refused(model: ChurnModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    (tmp_path / "model.txt").write_text("trees, of sorts")
    with pytest.raises(ReleaseError, match="LightGBM's text format"):
        ChurnModel.load(tmp_path)


def test_a_model_of_other_features_is_refused(rows: pd.DataFrame, model: ChurnModel) -> None:
    with pytest.raises(ReleaseError, match="a model of 4 features; expected 2"):
        ChurnModel.of_text(model.text, Encoder.fit(rows, FEATURES[:2]), model.calibration, {})


def test_what_is_usual_is_the_median_or_the_most_frequent_level(rows: pd.DataFrame, model: ChurnModel) -> None:
    assert model.usual["plan"] == "free"
    assert model.usual["wait"] == pytest.approx(rows["wait"].median())


def test_held_out_log_odds_are_calibrated(rows: pd.DataFrame, training: Training) -> None:
    assert probability(training.log_odds).mean() == pytest.approx(rows["churned"].mean(), abs=1e-6)


def test_training_leaves_its_rows_as_they_were(rows: pd.DataFrame, training: Training) -> None:
    pd.testing.assert_frame_equal(rows, company())


def test_the_search_may_work_on_fewer_accounts(rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.churn.training.SEARCH_ROWS", 300)
    held_out = ~np.isnan(trained(rows).log_odds)
    assert 200 < held_out.sum() < 400


def test_unknown_labels_are_refused(rows: pd.DataFrame) -> None:
    gaps = rows.assign(churned=rows["churned"].where(rows.index > 9))
    with pytest.raises(ModelError, match="got 10 rows whose outcome is not known yet"):
        train_churn(gaps, FEATURES, search_split(rows, 0))


@pytest.mark.parametrize(("churned", "told"), [(False, "0 that churned and 600"), (True, "600 that churned and 0")])
def test_one_kind_of_account_is_refused(rows: pd.DataFrame, churned: bool, told: str) -> None:
    with pytest.raises(ModelError, match=f"{told} that stayed at some cutoff; expected at least 10 of each"):
        train_churn(rows.assign(churned=churned), FEATURES, search_split(rows, 0))


def test_too_few_churners_are_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="9 that churned"):
        train_churn(rows.assign(churned=rows.index < 9), FEATURES, search_split(rows, 0))


def test_features_that_never_differ_are_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="the same for every account"):
        train_churn(rows.assign(seats=1.0), FEATURES[1:2], search_split(rows, 0))


def test_no_features_are_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="got no features"):
        train_churn(rows, (), search_split(rows, 0))


def test_a_tiny_company_of_noise_still_gets_a_model(rows: pd.DataFrame) -> None:
    tiny = rows.head(24).assign(churned=pd.array(np.arange(24) % 2 == 0, dtype="boolean"))
    prob = trained(tiny).model.prob(tiny)
    assert prob.mean() == pytest.approx(0.5, abs=0.1)
