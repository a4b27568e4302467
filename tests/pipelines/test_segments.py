"""`perennial segments`: what is said of the segments, and which account is in which."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.feature import Feature
from pipelines.segmentation import fit_segmentations
from pipelines.segments import memberships

SPENT = Feature("spent_90d", "behaviour", "behaviour", "money", "Amount bought, last 90 days")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    spent = np.exp(rng.normal(np.repeat([2.0, 7.0], [180, 120]), 0.5))
    return pd.DataFrame({"account_id": [f"A-{number}" for number in range(300)], "spent_90d": spent})


def test_every_account_has_a_place_in_every_segmentation_that_knows_it(rows: pd.DataFrame) -> None:
    found = fit_segmentations(rows, (SPENT,), seed=0)
    gone = rows.assign(spent_90d=rows["spent_90d"].where(rows.index != 7))
    places = memberships(found, gone)
    assert places.groupby("segmentation").size().to_dict() == {"firmographic": 300, "behavioural": 300, "needs": 300}
    behavioural = places[places["segmentation"] == "behavioural"].set_index("account_id")
    expected = np.where(np.arange(300) < 180, "behavioural-1", "behavioural-2")
    assert (behavioural["segment"].drop("A-7") == np.delete(expected, 7)).mean() > 0.98
    assert behavioural.loc["A-7", ["segment", "probability"]].isna().all()
    assert behavioural["probability"].dropna().between(0.5, 1).all()
    assert places.loc[places["segmentation"] == "needs", "segment"].isna().all()


def test_the_command_prints_segments_and_writes_memberships(project, capsys: pytest.CaptureFixture) -> None:
    out = project.folder / "segments.parquet"
    assert project.run("promote", project.versions[0]) == 0
    assert project.run("segments", "--out", str(out)) == 1
    assert "run `perennial score`" in capsys.readouterr().err
    assert project.run("score", "--out", str(project.folder / "scores.csv")) == 0
    capsys.readouterr()
    assert project.run("segments", "--out", str(out), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in said["segmentations"]] == ["firmographic", "behavioural", "needs"]
    assert said["release"] == project.versions[0]
    assert project.run("segments") == 0
    assert capsys.readouterr().out.startswith("firmographic: ")
    scores = pd.read_csv(Path(project.folder) / "scores.csv")
    assert pd.read_parquet(out)["account_id"].nunique() == len(scores)
