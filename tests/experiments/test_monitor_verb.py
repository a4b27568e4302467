"""`perennial score` and `perennial monitor` on a simulated company, month by month."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from experiments.company import write_company
from pipelines.cli import main
from pipelines.config import read_settings
from pipelines.registry import newest_release

TABLES = ("accounts", "subscriptions", "survey_invitations", "survey_responses")


def _known_until(config: Path, day: str) -> None:
    """Let the tables end at a day, as they did then."""
    text = config.read_text().split("\n[panel]")[0]
    config.write_text(f"{text}\n[panel]\nobserved_until = {day}\n")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose champion was made in May, and scored accounts in May and in September."""
    home = tmp_path_factory.mktemp("served")
    write_company(home / "tables", n_accounts=500, years=3, seed=2)
    for path in (home / "tables").iterdir():
        # Fewer tables, fewer features, sooner done.
        if path.stem not in TABLES:
            path.unlink()
    config = home / "perennial.toml"
    assert main(["init", str(home / "tables"), "--config", str(config)]) == 0
    _known_until(config, "2025-05-01")
    assert main(["train", "--config", str(config)]) == 0
    assert main(["promote", newest_release(read_settings(config)), "--config", str(config)]) == 0
    assert main(["score", "--out", str(home / "may.parquet"), "--config", str(config)]) == 0
    _known_until(config, "2025-12-01")
    return config


def test_what_was_served_is_judged_and_departures_are_counted(served: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["monitor", "--json", "--config", str(served)]) in (0, 1)
    said = json.loads(capsys.readouterr().out)
    assert (said["as_of"], said["known_until"]) == ("2025-05-01", "2025-12-01")
    signals = {signal["about"]: signal for signal in said["signals"]}
    assert {"leaving, last interval", "leaving, last 3 intervals", "scores", "features", "response rate"} <= set(
        signals
    )
    leaving = signals["leaving, last 3 intervals"]
    assert leaving["low"] < leaving["value"] < leaving["high"]
    (path,) = (served.parent / ".perennial" / "served").glob(f"2025-05-01-by-{said['release']}.parquet")
    kept = pd.read_parquet(path)
    scores = pd.read_parquet(served.parent / "may.parquet")
    pd.testing.assert_series_equal(kept["churn_prob"], scores["churn_prob"])
    if said["due"]:
        assert said["is_served"]
        assert said["due"]["n_rows"] == len(kept)
    assert said["estimated"]["auc"]["low"] < said["estimated"]["auc"]["high"]
    artifacts = served.parent / ".perennial" / "artifacts"
    assert len(list(artifacts.rglob("monitor.json"))) == 1


def test_scores_tell_what_lies_ahead_of_the_company_and_of_each_segment(
    served: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", "--json", "--out", str(tmp_path / "now.parquet"), "--config", str(served)]) == 0
    captured = capsys.readouterr()
    ahead = json.loads(captured.out)["prospects"]
    assert "of revenue within" in captured.err
    scores = pd.read_parquet(tmp_path / "now.parquet")
    assert ahead[0]["group_by"] == "all"
    assert ahead[0]["value_at_risk"] == pytest.approx(scores["value_at_risk"].sum())
    for one in ahead[1:]:
        own = scores[scores[f"{one['group_by']}_segment"].fillna("unknown") == one["group"]]
        assert one["n_accounts"] == len(own)
        assert one["value_at_risk"] == pytest.approx(own["value_at_risk"].sum())
    assert (scores["churn_prob_30d"] < scores["churn_prob"]).all()
    assert (scores["churn_prob"] < scores["churn_prob_180d"]).all()
    assert (
        (scores["churn_prob_low"] < scores["churn_prob"]) & (scores["churn_prob"] < scores["churn_prob_high"])
    ).all()


def test_without_dates_the_monitor_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "observations.csv").write_text("account_id,churned\na,yes\n")
    text = '[churn]\ndefinition = "labelled"\n[tables.observations]\nsource = "observations.csv"\n'
    (tmp_path / "perennial.toml").write_text(text)
    assert main(["monitor", "--config", str(tmp_path / "perennial.toml")]) == 1
    assert "no champion" in capsys.readouterr().err
