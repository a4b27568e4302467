from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.labels import ChurnDefinition
from features.panel import Panel, PanelPlan
from features.recipe import Recipe
from pipelines.assembly import data_fingerprint
from pipelines.churn.complexity import Search
from pipelines.churn.shape import Shape
from pipelines.churn.study import Trial
from pipelines.config import Settings, read_settings
from pipelines.learning import evaluate
from pipelines.panel_file import read_panel_rows
from pipelines.promotion import promote
from pipelines.reference import reference
from pipelines.registry import exported
from pipelines.release import read_release
from pipelines.sampling import current_rows, latest, sampling
from pipelines.score import _beyond_knowledge
from pipelines.segmentation import Segment
from pipelines.segmenting import churn_by_segment
from pipelines.train import search_findings
from pipelines.training_data import read_panel


@pytest.fixture(scope="module")
def judged(trained, tmp_path_factory):
    """The panel, the held-out evaluation and the release of the trained project."""
    settings = read_settings(Path(trained.config))
    home = tmp_path_factory.mktemp("judged")
    promote(settings.model_copy(update={"releases": home}), trained.versions[1])
    panel = read_panel(settings, lambda _: None)
    return panel, evaluate(panel, settings), read_release(home / trained.versions[1])


def test_a_search_that_the_time_ended_says_how_to_have_it_again() -> None:
    trial = Trial(Shape(2), 10, 0.5, np.zeros(3))
    assert not search_findings(Search((trial,), trial, 7, is_out_of_time=False), 0.5)
    (found,) = search_findings(Search((trial,), trial, 7, is_out_of_time=True), 0.5)
    assert found.what == "[model] max_minutes = 0.5 ended the search for the trees after 7 trials"
    assert "trials = 7" in found.do


def test_the_release_knows_how_many_trials_it_took(judged) -> None:
    *_, release = judged
    assert release.manifest.trials is not None
    assert release.manifest.trials >= 3


def test_the_release_keeps_what_was_found_of_its_data(judged) -> None:
    panel, _, release = judged
    n_churned = panel.matured.loc[panel.matured["churned"].astype(bool), "account_id"].nunique()
    noted = {one.what: one for one in release.manifest.noted}
    assert noted["accounts that churned within a horizon"].n == n_churned


def test_the_release_keeps_what_its_predictions_rest_on_feature_by_feature(judged) -> None:
    panel, _, release = judged
    told = release.ranking.features
    assert {one.feature for one in told} == {feature.name for feature in release.churn.encoder.features}
    sizes = [one.mean_contribution for one in told]
    assert sizes == sorted(sizes, reverse=True)
    assert all(one.low <= one.mean_contribution <= one.high for one in told)
    rows = current_rows(panel, 1)
    sample = rows.iloc[np.linspace(0, len(rows) - 1, release.ranking.n_accounts).astype(int)]
    own = np.abs(release.churn.contributions(sample)[0]).mean(axis=0).max()
    assert sizes[0] == pytest.approx(own)
    assert release.what_if.empty  # of flat data no effect can be told


class ByPlan:
    """A segmentation of which it is known who is where."""

    segments = tuple(Segment(f"firmographic-{name}", name, name, 0, 0.0) for name in ("Free", "Paying"))

    def membership(self, rows: pd.DataFrame) -> np.ndarray:
        free = (rows["plan"] == "free").to_numpy(dtype=float)
        return np.column_stack([free, 1 - free])


def test_churn_by_segment_is_that_of_the_held_out_rows_in_it(judged):
    panel, evaluation, _ = judged
    by_plan = {"firmographic": ByPlan()}
    found = churn_by_segment(by_plan, panel.matured, evaluation.predictions).set_index("segment")
    rows = panel.matured.set_index("account_id")
    held_out = evaluation.predictions.assign(
        free=(rows["plan"] == "free")[evaluation.predictions["account_id"]].to_numpy()
    )
    for name, is_free in (("Free", True), ("Paying", False)):
        own, row = held_out[held_out["free"] == is_free], found.loc[f"firmographic: {name}"]
        assert row["counted"] == pytest.approx(own["churned"].astype(float).mean())
        assert row["predicted"] == pytest.approx(own["model"].mean())
        assert (row["n"], row["n_accounts"]) == (len(own), own["account_id"].nunique())
        assert row["low"] < row["counted"] < row["high"]
    assert abs(found["counted"].diff().iloc[1]) > 0.05


def test_held_out_rows_are_the_rows_that_they_say(judged):
    panel, evaluation, _ = judged
    rows = panel.matured.iloc[evaluation.predictions["row"]]
    assert rows["account_id"].tolist() == evaluation.predictions["account_id"].tolist()
    assert rows["churned"].tolist() == evaluation.predictions["churned"].tolist()


def test_the_release_covers_the_manifests_promises(judged):
    panel, evaluation, release = judged
    manifest = release.manifest
    prob = release.churn.prob(latest(panel.rows))
    assert (prob >= manifest.tiers.high_prob).mean() == pytest.approx(0.1, abs=0.01)
    assert manifest.score_quantiles[50] == pytest.approx(np.median(prob))
    assert manifest.gate.passed
    assert manifest.n_rows == evaluation.n_rows == 1200


def test_flat_data_have_an_empty_programme_and_it_is_said_why(judged):
    release = judged[2]
    for _, part in release.programme.parts():
        assert (part.found, part.as_of) == ((), None)
        assert part.sentence.startswith("flat data have no tables")


def test_equal_data_have_equal_fingerprints_and_other_data_others(judged):
    rows = judged[0].rows
    assert data_fingerprint(rows) == data_fingerprint(rows.copy())
    changed = rows.copy()
    changed.loc[7, "use"] += 0.5
    assert data_fingerprint(rows) != data_fingerprint(changed)


def test_the_latest_rows_are_one_an_account():
    rows = pd.DataFrame(
        {"account_id": ["a", "b", "a"], "as_of": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-02-01"])}
    )
    assert latest(rows)["account_id"].tolist() == ["b", "a"]
    assert latest(rows.drop(columns="as_of"))["account_id"].tolist() == ["b", "a"]


def test_scores_after_the_end_of_the_tables_say_so():
    date, recipe = pd.Timestamp("2024-03-01"), Recipe((), ChurnDefinition("subscription"), (0,), 0)
    assert _beyond_knowledge(PanelPlan(recipe, date, {}), date) == []
    (note,) = _beyond_knowledge(PanelPlan(recipe, pd.Timestamp("2024-01-10"), {}), date)
    assert "end before 2024-01-10" in note


@pytest.fixture(scope="module")
def sampled(judged, tmp_path_factory):
    """The same panel, read from a file as a sample of 700 rows."""
    panel = judged[0]
    file = tmp_path_factory.mktemp("panel") / "part.parquet"
    panel.rows.to_parquet(file)
    found = read_panel_rows([file], list(panel.rows), most_rows=700, seed=0)
    return replace(panel, rows=found.rows, n_rows=found.n_rows, kept_share=found.kept_share)


def test_training_on_a_sample_says_so_everywhere(judged, make_project, rows, capsys):
    project = make_project(rows)
    config = Path(project.config)
    config.write_text(config.read_text().replace("[model]\n", "[model]\nmost_rows = 1000\n"))
    project.run("train", "--json")
    told = capsys.readouterr()
    manifest = json.loads(told.out)
    whole, kept = judged[0].rows["churned"], manifest["metrics"]["sample"]
    n_kept = kept["n_kept"]
    sentence = (
        f"1,200 rows have a label, more than most_rows: learnt from all {whole.sum()} that churned and from "
        f"{n_kept - whole.sum()} of the {(~whole).sum()} others"
    )
    assert f"warning: churned: {sentence}" in told.err
    assert (manifest["n_rows"], manifest["churn_rate"]) == (1200, pytest.approx(whole.mean()))
    assert n_kept == pytest.approx(1000, abs=50)
    assert kept["kept_share"] == (n_kept - whole.sum()) / (~whole).sum()
    with exported(read_settings(config), manifest["version"]) as folder:
        card = (folder / "card.md").read_text()
    assert f"Learnt from {n_kept:,} of 1,200 rows" in card
    assert sentence in card
    assert "held-out rows (for 1,2" in card


def test_where_all_rows_were_read_nothing_is_said(judged):
    assert judged[0].n_rows == 1200
    assert sampling(judged[0]) == {}


def test_accounts_that_were_drawn_for_segments_are_told_of(judged):
    rows = judged[0].rows.copy()
    rows.attrs["current_share"] = 0.25
    said = sampling(replace(judged[0], rows=rows))
    assert said["sentence"].startswith("segments, tiers and the reference are of 25.0% of the accounts")
    assert (said["n_kept"], said["kept_share"], said["current_share"]) == (1200, 1.0, 0.25)


def test_current_rows_of_a_sample_are_a_crowd_like_all(sampled, judged):
    rate = judged[0].rows["churned"].mean()
    current = current_rows(sampled, seed=0)
    assert current["churned"].mean() == pytest.approx(rate, abs=0.06)
    assert sampled.rows["churned"].mean() > rate + 0.1
    assert current["account_id"].is_unique


def test_current_rows_whose_label_is_not_due_are_all_there():
    dates = pd.to_datetime(["2024-01-01", "2024-02-01"]).repeat(50)
    churned = pd.array([True] * 50 + [None] * 50, dtype="boolean")
    rows = pd.DataFrame({"account_id": [f"a{i}" for i in range(50)] * 2, "as_of": dates, "churned": churned})
    panel = Panel(rows, (), ChurnDefinition("subscription"), None, n_rows=500, kept_share=0.1)
    assert len(current_rows(panel, seed=0)) == 50


def test_churn_by_segment_of_a_sample_is_that_of_all_rows(sampled, judged):
    panel, evaluation, _ = judged
    by_plan = {"firmographic": ByPlan()}
    whole, part = (
        churn_by_segment(by_plan, of.matured, judgement.predictions).set_index("segment")
        for of, judgement in ((panel, evaluation), (sampled, evaluate(sampled, Settings())))
    )
    for name in whole.index:
        assert part.loc[name, "low"] < whole.loc[name, "counted"] < part.loc[name, "high"]
        assert part.loc[name, "predicted"] == pytest.approx(whole.loc[name, "predicted"], abs=0.05)


def test_the_reference_of_float32_and_categories_is_that_of_plain_columns(judged):
    panel = judged[0]
    coded = panel.rows.astype({"plan": pd.CategoricalDtype(["none", "team", "pro", "free"]), "seats": "float32"})
    plain = panel.rows.astype({"plan": "str", "seats": "float64"})
    pd.testing.assert_frame_equal(reference(coded, panel.features), reference(plain, panel.features))
