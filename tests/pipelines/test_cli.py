from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.cli import main
from pipelines.config import read_settings
from pipelines.release import read_release

N = 1200


def refusal(capsys: pytest.CaptureFixture, *argv: str) -> str:
    """The error of a command that must exit 1 with one clear sentence and no stack trace."""
    assert main(list(argv)) == 1
    error = capsys.readouterr().err
    assert "Traceback" not in error
    line = next(line for line in error.splitlines() if line.startswith("error: "))
    assert "expected" in line
    return line


def test_help_lists_every_verb(capsys: pytest.CaptureFixture):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for verb in ("init", "check", "features", "train", "score", "promote", "rollback", "schema"):
        assert f" {verb} " in text


@pytest.mark.parametrize("argv", [["nonsense"], ["train", "--nonsense"], ["promote"], ["schema", "nonsense"]])
def test_wrong_usage_exits_2(argv: list[str]):
    assert main(argv) == 2


def test_the_command_imports_nothing_heavy():
    code = (
        "import sys, pipelines.cli; print(sorted({'pandas', 'numpy', 'mlflow', 'ibis', 'lightgbm'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_schemas_are_json_schema(capsys: pytest.CaptureFixture):
    assert main(["schema"]) == 0
    assert "accounts" in json.loads(capsys.readouterr().out)["$defs"]
    assert main(["schema", "config"]) == 0
    assert "churn" in json.loads(capsys.readouterr().out)["properties"]


def test_init_writes_settings_that_check_can_read(tmp_path: Path, rows, capsys: pytest.CaptureFixture):
    folder = tmp_path / "exports"
    folder.mkdir()
    rows.rename(columns={"account_id": "customerID", "churned": "Churn"}).to_csv(folder / "t.csv", index=False)
    config = str(tmp_path / "perennial.toml")
    assert main(["init", str(folder), "--config", config]) == 0
    assert main(["check", "--config", config, "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert {"table", "column", "severity", "what", "n", "do"} == set(findings[0])
    assert "there already" in refusal(capsys, "init", str(folder), "--config", config)


def test_check_writes_rejects_and_says_no(make_project, rows, capsys: pytest.CaptureFixture):
    rows = rows.copy()
    rows.loc[3, "churned"] = "perhaps"
    project = make_project(pd.concat([rows, rows.iloc[[0]]]))
    assert project.run("check") == 1
    printed = capsys.readouterr()
    assert "2 rejected rows" in printed.err
    assert "Sufficiency report" in printed.out
    rejects = pd.read_csv(project.folder / ".perennial" / "rejects.csv")
    assert rejects["came"].tolist() == ["perhaps", "a0000"]
    assert rejects["row"].tolist() == [4, N + 1]


def test_features_writes_the_panel(trained, tmp_path: Path):
    out = tmp_path / "panel.csv"
    assert trained.run("features", "--out", str(out)) == 0
    assert pd.read_csv(out).columns.tolist()[:2] == ["account_id", "churned"]


def test_the_same_data_and_seed_give_the_same_release(project):
    from pipelines.registry import newest_release

    assert project.run("train") == 0
    assert newest_release(read_settings(Path(project.config))) == project.versions[1]


def test_scores_carry_probability_tier_segments_and_reasons(project, tmp_path: Path):
    assert project.run("promote", project.versions[0]) == 0
    out = tmp_path / "scores.parquet"
    assert project.run("score", "--out", str(out)) == 0
    scores = pd.read_parquet(out)
    assert len(scores) == N
    assert scores["churn_prob"].is_monotonic_decreasing
    assert scores["churn_prob"].between(0, 1).all()
    assert 0.05 < (scores["tier"] == "high").mean() < 0.15
    assert scores["reason_1"].str.contains("the predicted risk").all()
    assert not scores["reason_1"].str.contains("caus").any()
    assert scores["firmographic_segment"].notna().all()
    release = read_release(project.folder / "releases" / project.versions[0])
    rows = pd.read_csv(project.folder / "tables" / "observations.csv").set_index("account_id")
    expected = release.churn.prob(rows.loc[scores["account_id"]].reset_index())
    np.testing.assert_allclose(scores["churn_prob"], expected, rtol=0, atol=1e-12)
    published = pd.read_parquet(project.folder / ".perennial" / "rows.parquet")
    assert set(published.columns) == {"account_id", "use", "calls", "plan", "seats"}


def test_scoring_without_a_champion_says_what_to_do(trained, tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "s.parquet"
    assert "perennial promote" in refusal(capsys, "score", "--out", str(out), "--config", trained.config)
    assert not out.exists()


def test_an_output_that_cannot_be_written_is_found_before_the_work(
    trained, tmp_path: Path, capsys: pytest.CaptureFixture
):
    assert "ending in .parquet or .csv" in refusal(capsys, "score", "--out", "scores.xlsx", "--config", trained.config)
    assert "not there" in refusal(capsys, "features", "--out", "no/where/x.csv", "--config", trained.config)
    folder = tmp_path / "x.csv"
    folder.mkdir()
    assert "which is a folder" in refusal(capsys, "features", "--out", str(folder), "--config", trained.config)


def test_check_says_in_json_too_that_a_table_cannot_be_read(make_project, rows, capsys: pytest.CaptureFixture):
    project = make_project(rows.head(0))
    assert project.run("check", "--json") == 1
    findings = json.loads(capsys.readouterr().out)
    assert [(finding["severity"], "no rows" in finding["what"]) for finding in findings] == [("error", True)]


def test_no_settings_file_is_said(capsys: pytest.CaptureFixture):
    assert "perennial init" in refusal(capsys, "train", "--config", "nowhere.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("churn = 3 4", "which is no TOML"),
        ("[churn]\nhorizon = 3", "churn.horizon = 3: extra inputs are not permitted"),
        ("[churn]\nhorizon_days = -1", "greater than or equal to 1"),
        ("[churn]\ndefinition = 'gone'", "churn.definition = 'gone'"),
        ("[tables.customers]\nsource = 'x.csv'", "got a table"),
    ],
)
def test_settings_that_make_no_sense_are_named(tmp_path: Path, capsys, text: str, message: str):
    (tmp_path / "perennial.toml").write_text(text)
    assert message in refusal(capsys, "check", "--config", str(tmp_path / "perennial.toml"))


CANNOT_CARRY = {
    "no rows in observations": lambda rows: rows.head(0),
    "no source for observations.churned": lambda rows: rows.drop(columns="churned"),
    "expected a key of its own": lambda rows: rows.assign(account_id="same"),
    "one class only: no account churned": lambda rows: rows.assign(churned="no"),
    "too few churners: 9": lambda rows: pd.concat(
        [rows[rows["churned"] == "no"], rows[rows["churned"] == "yes"].head(9)]
    ),
    "gone: it gives the label away": lambda rows: rows.assign(gone=(rows["churned"] == "yes").astype(int)),
    "every row of which is rejected": lambda rows: rows.assign(churned="soon"),
}


@pytest.mark.parametrize("message", CANNOT_CARRY)
def test_data_that_cannot_carry_a_model_is_refused(make_project, rows, capsys, message: str):
    project = make_project(CANNOT_CARRY[message](rows))
    assert message in refusal(capsys, "train", "--config", project.config)
    assert not (project.folder / "releases").exists()


def test_a_company_with_a_dozen_churners_is_trained_and_judged(make_project, rows, capsys: pytest.CaptureFixture):
    few = pd.concat([rows[rows["churned"] == "no"].head(100), rows[rows["churned"] == "yes"].head(12)])
    assert make_project(few).run("train") in (0, 1)
    error = capsys.readouterr().err
    assert "few churners: 12 accounts churned" in error
    assert "the churn rate: log loss" in error
    assert "registered as perennial version 1" in error


def test_a_model_that_beats_nothing_is_refused_in_plain_words(make_project, rows, capsys: pytest.CaptureFixture):
    from pipelines.registry import newest_release

    rng = np.random.default_rng(0)
    project = make_project(rows.assign(churned=rng.choice(["yes", "no"], N)))
    assert project.run("train") == 1
    error = capsys.readouterr().err
    assert "The model does not beat the logistic regression" in error or "is worse than the logistic" in error
    assert "the gate refuses promotion" in error
    version = newest_release(read_settings(Path(project.config)))
    assert "which the gate refused" in refusal(capsys, "promote", version, "--config", project.config)
    assert not (project.folder / "releases" / "champion.json").exists()


def test_numbers_out_of_all_measure_do_not_stop_training(make_project, rows):
    rows = rows.astype({"seats": object})
    rows.loc[0, "seats"], rows.loc[1, "seats"], rows.loc[2, "seats"] = 1e14, -5, None
    project = make_project(rows)
    assert project.run("train") == 0
