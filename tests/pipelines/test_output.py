from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.errors import ConfigError
from pipelines.output import write_frame


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_a_frame_is_written_whole_and_nothing_is_left_beside_it(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"account_id": ["a", "b"], "churn_prob": [0.1, 0.2]})
    write_frame(frame, tmp_path / name)
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    pd.testing.assert_frame_equal(read(tmp_path / name), frame)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_frame_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_frame(pd.DataFrame({"a": [1]}), path)
    before = path.read_bytes()
    with pytest.raises(Exception, match="Could not convert"):
        write_frame(pd.DataFrame({"a": [object()]}), path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["rows.parquet"]


def test_an_ending_that_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ending in \.parquet or \.csv"):
        write_frame(pd.DataFrame(), tmp_path / "rows.xlsx")


def test_the_report_shows_settings_in_square_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    from features.checks import Finding
    from pipelines.check import report_table

    report_table([Finding("accounts", "lifecycle", "error", "mirrors", 3, "[tables.accounts] ignore = it")])
    assert "[tables.accounts]" in capsys.readouterr().out
