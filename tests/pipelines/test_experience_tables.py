"""What the champion says of accounts, as the verbs of experience read it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.config import read_settings
from pipelines.experience_tables import attributed_of, published, scores_of
from pipelines.release import read_champion

LATE = pd.Timestamp("2100-01-01")


def test_scores_and_reasons_are_those_of_the_champion(project, tmp_path: Path) -> None:
    assert project.run("promote", project.versions[0]) == 0
    assert project.run("score", "--out", str(tmp_path / "scores.parquet")) == 0
    settings = read_settings(Path(project.config))
    release = read_champion(settings.releases_folder)
    scores = scores_of(settings, release, LATE).set_index("account_id")["churn_prob"]
    written = pd.read_parquet(tmp_path / "scores.parquet").set_index("account_id")["churn_prob"]
    pd.testing.assert_series_equal(scores.reindex(written.index), written, rtol=1e-9)
    reasons = attributed_of(settings, release, LATE)
    rows = published(settings, LATE)
    riskiest = reasons["account_id"].iloc[0]
    own = rows[rows["account_id"].astype(str) == riskiest]
    parts, _ = release.churn.contributions({str(name): own[name] for name in own})
    assert np.isclose(reasons.loc[reasons["account_id"] == riskiest, "contribution"].sum(), parts.sum())


def test_without_scores_or_a_champion_nothing_is_known(project) -> None:
    settings = read_settings(Path(project.config))
    assert scores_of(settings, None, LATE) is None
    assert attributed_of(settings, None, LATE) is None
