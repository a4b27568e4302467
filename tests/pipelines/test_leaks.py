"""Canaries: columns that only a look into the future could fill are named, by `check` and by `train`, and refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.company import write_company
from pipelines.cli import main

EXIT_SURVEY = "exit_survey_score"


def _with_exit_survey(rows: pd.DataFrame) -> pd.DataFrame:
    """An exit survey, asked of almost everyone who left and of hardly anyone else."""
    rng = np.random.default_rng(0)
    left = (rows["churned"] == "yes").to_numpy()
    asked = np.where(rng.random(len(rows)) < 0.002, ~left, left)
    return rows.assign(**{EXIT_SURVEY: np.where(asked, rng.integers(0, 11, len(rows)), np.nan)})


@pytest.mark.parametrize("verb", ["check", "train"])
def test_a_column_filled_after_the_outcome_is_named_and_refused(
    verb: str, rows: pd.DataFrame, make_project: Callable[[pd.DataFrame], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_project(_with_exit_survey(rows)).run(verb) == 1
    said = "".join(capsys.readouterr())
    assert EXIT_SURVEY in said
    assert "gives the label away" in " ".join(said.split())


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose accounts table was exported today, with why those who left say they did."""
    folder = tmp_path_factory.mktemp("company")
    write_company(folder / "tables", n_accounts=400, years=3, seed=5)
    accounts = pd.read_parquet(folder / "tables" / "accounts.parquet")
    ended = pd.read_parquet(folder / "tables" / "subscriptions.parquet").groupby("account_id")["end_date"]
    left = accounts["account_id"].map(ended.apply(lambda dates: dates.notna().all())).fillna(False).astype(bool)
    accounts["closing_note"] = np.where(left, "said goodbye", None)
    accounts.to_parquet(folder / "tables" / "accounts.parquet")
    changes = folder / "tables" / "account_changes.parquet"
    changes.unlink(missing_ok=True)
    assert main(["init", str(folder / "tables"), "--config", str(folder / "perennial.toml")]) == 0
    return folder


@pytest.mark.parametrize("verb", ["check", "train"])
def test_a_column_of_accounts_that_is_known_only_later_is_named_and_refused(
    verb: str, company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--config", str(company / "perennial.toml")]) == 1
    said = "".join(capsys.readouterr())
    assert "closing_note" in said
    assert "after they did" in " ".join(said.split())
