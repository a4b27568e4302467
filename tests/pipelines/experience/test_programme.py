"""The whole programme on a small simulated company, by the command, and on nothing at all."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from experiments.company import write_company
from pipelines.cli import main
from pipelines.experience.found import Found, found_table
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.programme import QUESTIONS, programme


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> tuple[dict, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("company")
    write_company(folder / "tables", 400, years=3, seed=5)
    config, out = str(folder / "perennial.toml"), folder / "found.parquet"
    assert main(["init", str(folder / "tables"), "--config", config]) == 0
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("pipelines.experience_cli.give", said.append)
        assert main(["experience", "--config", config, "--json", "--out", str(out)]) == 0
    return json.loads(said[0]), pd.read_parquet(out)


def test_every_question_is_answered_or_refused_in_words(told) -> None:
    answer, table = told
    assert len(answer["found"]) == len(table)
    assert set(table["verdict"]) <= {"told", "found", "none found", "cannot tell", "refused"}
    assert {"survey metrics", "silence", "roles", "promises", "perception gap"} <= set(table["topic"])
    assert (table.loc[table["verdict"] == "refused", "sentence"].str.len() > 5).all()


def test_figures_lie_in_their_intervals(told) -> None:
    _, table = told
    known = table.dropna(subset=["value", "low", "high"])
    assert len(known) > 50
    assert (known["low"] <= known["value"] + 1e-9).all()
    assert (known["high"] >= known["value"] - 1e-9).all()


def test_what_has_no_interval_says_why_or_is_counted(told) -> None:
    _, table = told
    bare = table[table["value"].notna() & table["low"].isna()]
    assert set(bare["basis"]) <= {"counted", "predicted"}
    assert (bare["sentence"].str.len() > 0).all()


def test_nothing_is_called_caused(told) -> None:
    _, table = told
    assert "caused" not in set(table["basis"])


def test_an_empty_company_is_refused_everywhere() -> None:
    found = programme(ExperienceData.empty(pd.Timestamp("2026-01-01")))
    # The buyer's weight is a prior then, and says so.
    assert {one.verdict for one in found if one.topic != "roles"} == {"refused"}
    assert len({one.topic for one in found}) >= len(QUESTIONS) - 3


def test_a_past_date_and_a_wrong_one(tmp_path: Path, capsys) -> None:
    write_company(tmp_path / "tables", 60, years=1, seed=5)
    config = str(tmp_path / "perennial.toml")
    assert main(["init", str(tmp_path / "tables"), "--config", config]) == 0
    assert main(["experience", "--config", config, "--as-of", "2030-01-01"]) == 1
    assert "expected at most 2026" in capsys.readouterr().err
    assert main(["experience", "--config", config, "--as-of", "2025-10-01"]) == 0
    assert "as known before 2025-10-01" in capsys.readouterr().err


def test_figures_are_a_table_with_a_column_an_attribute() -> None:
    table = found_table([Found("t", "f", 1.0)])
    assert list(table) == [*Found.__slots__]
