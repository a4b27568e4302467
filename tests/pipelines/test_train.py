from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.labels import ChurnDefinition
from features.panel import Panel
from pipelines.config import read_settings
from pipelines.promotion import promote
from pipelines.release import read_release
from pipelines.score import _beyond_knowledge
from pipelines.segmentation import Segment
from pipelines.train import churn_by_segment, data_fingerprint, evaluate, latest, read_panel


@pytest.fixture(scope="module")
def judged(trained, tmp_path_factory):
    """The panel, the held-out evaluation and the release of the trained project."""
    settings = read_settings(Path(trained.config))
    home = tmp_path_factory.mktemp("judged")
    promote(settings.model_copy(update={"releases": home}), trained.versions[1])
    panel = read_panel(settings, lambda _: None)
    return panel, evaluate(panel, settings), read_release(home / trained.versions[1])


class ByPlan:
    """A segmentation of which it is known who is where."""

    segments = (Segment("firmographic-1", "Free", 0, 0.0), Segment("firmographic-2", "Paying", 0, 0.0))

    def membership(self, rows: pd.DataFrame) -> np.ndarray:
        free = (rows["plan"] == "free").to_numpy(dtype=float)
        return np.column_stack([free, 1 - free])


def test_churn_by_segment_is_that_of_the_held_out_rows_in_it(judged):
    panel, evaluation, release = judged
    by_plan = replace(release, segmentations={"firmographic": ByPlan()})
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


def test_equal_data_have_equal_fingerprints_and_other_data_others(judged):
    rows = judged[0].rows
    assert data_fingerprint(rows) == data_fingerprint(rows.copy())
    changed = rows.copy()
    changed.loc[7, "use"] += 1e-9
    assert data_fingerprint(rows) != data_fingerprint(changed)


def test_the_latest_rows_are_one_an_account():
    rows = pd.DataFrame(
        {"account_id": ["a", "b", "a"], "as_of": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-02-01"])}
    )
    assert latest(rows)["account_id"].tolist() == ["b", "a"]
    assert latest(rows.drop(columns="as_of"))["account_id"].tolist() == ["b", "a"]


def test_scores_after_the_end_of_the_tables_say_so():
    rows = pd.DataFrame({"account_id": ["a"], "as_of": pd.to_datetime(["2024-03-01"])})
    definition = ChurnDefinition("subscription")
    assert _beyond_knowledge(Panel(rows, (), definition, pd.Timestamp("2024-03-01"))) == []
    (note,) = _beyond_knowledge(Panel(rows, (), definition, pd.Timestamp("2024-01-10")))
    assert "end before 2024-01-10" in note
