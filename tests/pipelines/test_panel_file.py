"""A panel is read as it is, or so that what was left out is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.panel_file import PanelRows, read_panel_rows

N_ACCOUNTS, DATES = 2_000, pd.date_range("2024-01-01", periods=6, freq="MS").as_unit("us")
Write = Callable[..., Path]


def panel(rate: float = 0.04) -> pd.DataFrame:
    """Rows in no particular order; the labels of the two latest dates are not due."""
    rng = np.random.default_rng(0)
    n = N_ACCOUNTS * len(DATES)
    rows = pd.DataFrame(
        {
            "account_id": np.repeat([f"A{i:05d}" for i in range(N_ACCOUNTS)], len(DATES)),
            "as_of": np.tile(DATES, N_ACCOUNTS),
            "churned": pd.array(rng.random(n) < rate, dtype="boolean"),
            "use": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)).astype(np.float32),
            "plan": rng.choice(["pro", "free", "team"], n),
        }
    )
    rows.loc[rows["as_of"] >= DATES[4], "churned"] = pd.NA
    rows.loc[rng.random(n) < 0.1, "plan"] = None
    return rows.iloc[rng.permutation(n)].reset_index(drop=True)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes rows as so many parts."""

    def write_parts(rows: pd.DataFrame, parts: int = 3) -> Path:
        folder = tmp_path / f"panel-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for i, positions in enumerate(np.array_split(np.arange(len(rows)), parts)):
            rows.iloc[positions].to_parquet(folder / f"part-{i}.parquet", index=False)
        return folder

    return write_parts


def read(folder: Path, most_rows: int, seed: int = 0) -> PanelRows:
    files = sorted(folder.iterdir())
    return read_panel_rows(files, pq.read_schema(files[0]).names, most_rows=most_rows, seed=seed)


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["as_of", "account_id"], ignore_index=True).astype({"plan": "category"})


def test_up_to_the_limit_every_row_is_read_in_order_as_it_was(write: Write) -> None:
    rows = panel()
    found = read(write(rows), most_rows=len(rows))
    pd.testing.assert_frame_equal(found.rows, in_order(rows))
    assert (found.n_rows, found.n_waiting) == (8_000, 4_000)
    assert (found.kept_share, found.current_share) == (1.0, 1.0)


def test_above_it_all_that_churned_are_kept_and_the_others_by_whole_accounts(write: Write) -> None:
    rows = panel()
    found = read(write(rows), most_rows=3_000)
    known = found.rows.dropna(subset="churned")
    due = rows.dropna(subset="churned")
    assert known["churned"].sum() == due["churned"].sum()
    assert len(known) == pytest.approx(3_000, rel=0.05)
    stayed, all_stayed = (each[~each["churned"].astype(bool)]["account_id"].value_counts() for each in (known, due))
    assert (stayed == all_stayed[stayed.index]).all()
    assert found.kept_share == stayed.sum() / all_stayed.sum()
    assert found.n_rows == len(due)


def test_what_is_kept_is_as_it_was(write: Write) -> None:
    rows = panel()
    kept = read(write(rows), most_rows=3_000).rows
    whole = in_order(rows).set_index(["as_of", "account_id"])
    there = whole.loc[pd.MultiIndex.from_frame(kept[["as_of", "account_id"]])].reset_index()
    pd.testing.assert_frame_equal(kept, there[kept.columns], check_index_type=False)


def test_the_same_rows_in_other_parts_give_the_same_sample(write: Write) -> None:
    rows = panel()
    first = read(write(rows, 3), most_rows=3_000)
    other = read(write(rows.iloc[::-1], 7), most_rows=3_000)
    pd.testing.assert_frame_equal(first.rows, other.rows)
    assert first.kept_share == other.kept_share
    assert len(read(write(rows), most_rows=3_000, seed=1).rows.merge(first.rows)) < len(first.rows)


def test_the_sample_is_of_all_accounts_alike(write: Write) -> None:
    rows = panel(0.3)
    found = read(write(rows), most_rows=4_000)
    stayed, all_stayed = (each.loc[each["churned"].eq(False).fillna(False), "use"] for each in (found.rows, rows))
    assert stayed.mean() == pytest.approx(all_stayed.mean(), abs=3 * all_stayed.std() / np.sqrt(len(stayed)))


def test_of_rows_that_wait_only_the_latest_are_kept(write: Write) -> None:
    found = read(write(panel()), most_rows=3_000)
    waiting = found.rows[found.rows["churned"].isna()]
    assert waiting["as_of"].unique().tolist() == [DATES[-1]]
    assert len(waiting) == N_ACCOUNTS
    assert (found.n_waiting, found.current_share) == (4_000, 1.0)


def test_where_too_many_wait_they_are_drawn_too_and_it_says_so(write: Write) -> None:
    found = read(write(panel()), most_rows=1_000)
    n = int(found.rows["churned"].isna().sum())
    assert n == pytest.approx(1_000, rel=0.1)
    assert found.current_share == n / N_ACCOUNTS


def test_where_most_churned_there_are_still_others(write: Write) -> None:
    rows = panel(0.6)
    found = read(write(rows), most_rows=4_000)
    churned = found.rows["churned"].dropna()
    assert churned.sum() == rows["churned"].sum() > 4_000
    assert (~churned).sum() == pytest.approx(2_000, rel=0.1)


def test_data_without_dates_are_sampled_as_one_whole(write: Write) -> None:
    rows = panel(0.3)[["account_id", "churned", "use", "plan"]].drop_duplicates("account_id")
    found = read(write(rows), most_rows=1_000)
    assert found.rows["account_id"].is_monotonic_increasing
    assert found.rows["churned"].sum() == rows["churned"].sum()
    shares = found.kept_share, found.current_share
    assert shares[0] == pytest.approx(shares[1], abs=0.1)
    assert 0 < shares[0] < 1


def test_rows_left_out_are_held_a_batch_at_a_time(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pd.concat([panel(0.01).assign(**{f"x{i}": np.float32(0.5) * np.arange(12_000) for i in range(60)})] * 4)
    folder = write(rows, 1)
    monkeypatch.setattr("pipelines.panel_file.BATCH_CELLS", 60_000)
    pool, before = pa.proxy_memory_pool(pa.default_memory_pool()), pa.default_memory_pool()
    pa.set_memory_pool(pool)
    try:
        read(folder, most_rows=1_000)
    finally:
        pa.set_memory_pool(before)
    whole = rows.drop(columns=["account_id", "plan"]).memory_usage(index=False).sum()
    assert 0 < pool.max_memory() < whole / 2


def test_only_the_columns_asked_for_are_read_in_their_order(write: Write) -> None:
    files = sorted(write(panel()).iterdir())
    found = read_panel_rows(files, ["plan", "account_id", "churned"], most_rows=20_000, seed=0)
    assert list(found.rows) == ["plan", "account_id", "churned"]
    assert found.rows["account_id"].is_monotonic_increasing
