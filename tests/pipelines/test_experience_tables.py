"""What the champion says of accounts, as the verbs of experience read it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.config import read_settings
from pipelines.experience_tables import published
from pipelines.programme import predicted
from pipelines.release import read_champion

LATE = pd.Timestamp("2100-01-01")


def test_scores_and_reasons_are_those_of_the_champion(project, tmp_path: Path) -> None:
    assert project.run("promote", project.versions[0]) == 0
    assert project.run("score", "--out", str(tmp_path / "scores.parquet")) == 0
    settings = read_settings(Path(project.config))
    release = read_champion(settings.releases_folder)
    rows = published(settings, LATE)
    said = predicted(release, rows)
    scores = said.scores.set_index("account_id")["churn_prob"]
    written = pd.read_parquet(tmp_path / "scores.parquet").set_index("account_id")["churn_prob"]
    pd.testing.assert_series_equal(scores.reindex(written.index), written, rtol=1e-9)
    reasons = said.attributed
    riskiest = reasons["account_id"].iloc[0]
    own = rows[rows["account_id"].astype(str) == riskiest]
    parts, _ = release.churn.contributions({str(name): own[name] for name in own})
    assert np.isclose(reasons.loc[reasons["account_id"] == riskiest, "contribution"].sum(), parts.sum())


def test_without_scores_or_a_champion_nothing_is_known(project) -> None:
    settings = read_settings(Path(project.config))
    said = predicted(None, published(settings, LATE))
    assert said.scores is said.attributed is said.segments is None
    assert said.drivers.empty
