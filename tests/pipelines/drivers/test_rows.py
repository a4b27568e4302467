"""Driver rows: an account at a quarter's start beside itself a quarter before, read from a panel's files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.errors import ModelError
from features.feature import Feature
from pipelines.drivers.rows import pair_quarters, read_driver_rows

AGE = Feature("age", "firmographic", "context", "days", "Age")


def panel(n_accounts: int = 3, months: int = 13) -> pd.DataFrame:
    dates = pd.date_range("2024-01-01", periods=months, freq="MS")
    rows = [
        {
            "account_id": f"A{account}",
            "as_of": date,
            "churned": None if date == dates[-1] else account == 1,
            "age": 30.0 * i,
        }
        for i, date in enumerate(dates)
        for account in range(n_accounts)
    ]
    return pd.DataFrame(rows).astype({"churned": "boolean"})


def test_rows_stand_at_quarter_starts_beside_those_of_the_quarter_before() -> None:
    rows = pair_quarters(panel(), (AGE,), horizon_days=90)
    assert rows.keys["as_of"].dt.strftime("%Y-%m").unique().tolist() == ["2024-04", "2024-07", "2024-10", "2025-01"]
    assert (rows.now["age"] - rows.before["age"] == 90).all()
    assert rows.keys.query("account_id == 'A1' and as_of < '2025'")["churned"].eq(1.0).all()
    assert rows.keys.query("as_of >= '2025'")["churned"].isna().all()


def test_an_account_that_was_not_there_a_quarter_before_has_no_row() -> None:
    frame = panel()
    frame = frame[~((frame["account_id"] == "A2") & (frame["as_of"] == "2024-04-01"))]
    rows = pair_quarters(frame, (AGE,), horizon_days=90)
    there = rows.keys.query("account_id == 'A2'")["as_of"].dt.strftime("%Y-%m").tolist()
    assert there == ["2024-10", "2025-01"]


@pytest.mark.parametrize("frame", [panel(months=2), panel().drop(columns="as_of")], ids=["two months", "no dates"])
def test_without_two_quarters_there_is_no_before_and_it_is_said(frame: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="accounts at two quarter starts"):
        pair_quarters(frame, (AGE,), horizon_days=90)


def test_files_give_the_same_rows_and_too_many_are_drawn_by_account(tmp_path: Path) -> None:
    frame = panel(n_accounts=400)
    for i in range(3):
        frame[i::3].to_parquet(tmp_path / f"{i}.parquet", index=False)
    files = sorted(tmp_path.glob("*.parquet"))
    every = read_driver_rows(files, (AGE,), horizon_days=90, seed=0)
    pd.testing.assert_frame_equal(every.keys, pair_quarters(frame, (AGE,), horizon_days=90).keys)
    some = read_driver_rows(files, (AGE,), horizon_days=90, seed=0, most_rows=1000)
    n_quarters = some.keys.groupby("account_id")["as_of"].nunique()
    assert (n_quarters == 4).all()
    assert 150 < len(n_quarters) < 250
    assert some.kept_share == pytest.approx(0.5)
