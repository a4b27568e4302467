"""Nobody is on both sides, and nobody learns from outcomes not known yet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from features.errors import ModelError
from pipelines.churn.splits import evaluation_split, out_of_fold, out_of_time, search_split


def monthly(n_months: int, n_accounts: int = 20) -> pd.DataFrame:
    cutoffs = pd.date_range("2025-01-01", periods=n_months, freq="MS")
    rows = pd.DataFrame([(f"A{i}", at) for at in cutoffs for i in range(n_accounts)], columns=["account_id", "as_of"])
    return rows.assign(churned=pd.array(rows.index % 3 == 0, dtype="boolean"))


def test_an_account_is_never_on_both_sides() -> None:
    rows = monthly(4)
    for train, test in out_of_fold(rows["account_id"], rows["account_id"].isin(["A1", "A2", "A3", "A4", "A5"])).folds:
        assert not set(rows["account_id"].iloc[train]) & set(rows["account_id"].iloc[test])


def test_every_row_is_held_out_once() -> None:
    rows = monthly(4)
    split = out_of_fold(rows["account_id"], rows["account_id"].isin(["A1", "A2", "A3", "A4", "A5"]))
    assert sorted(np.concatenate([fold.test for fold in split.folds])) == list(range(len(rows)))


def test_churners_are_spread_evenly() -> None:
    churned = np.arange(100) < 15
    assert [int(churned[fold.test].sum()) for fold in out_of_fold(np.arange(100), churned, seed=3).folds] == [3] * 5


def test_one_row_per_account_gives_the_folds_of_scikit_learn() -> None:
    churned = np.random.default_rng(0).random(200) < 0.3
    accounts = [f"account {i}" for i in range(200)]
    theirs = StratifiedKFold(5, shuffle=True, random_state=7).split(churned, churned)
    ours = out_of_fold(accounts, churned, n_folds=5, seed=7).folds
    assert [fold.test.tolist() for fold in ours] == [test.tolist() for _, test in theirs]


def test_fewer_churners_than_folds_are_refused() -> None:
    with pytest.raises(ModelError, match="got 3 accounts that churned and 97 that stayed; expected at least 5 of each"):
        out_of_fold(np.arange(100), np.arange(100) < 3)


@given(n_months=st.integers(1, 30), gap_days=st.integers(0, 400), n_blocks=st.integers(1, 4))
def test_what_is_learnt_from_is_over_before_the_test_begins(n_months: int, gap_days: int, n_blocks: int) -> None:
    as_of = pd.date_range("2025-01-01", periods=n_months, freq="MS").repeat(3)
    for train, test in out_of_time(as_of, gap_days, test_share=0.5, n_blocks=n_blocks).folds:
        assert (as_of[train] + pd.Timedelta(days=gap_days)).max() <= as_of[test].min()


@given(n_months=st.integers(2, 30), n_blocks=st.integers(1, 4))
def test_no_row_is_in_two_test_parts(n_months: int, n_blocks: int) -> None:
    as_of = pd.date_range("2025-01-01", periods=n_months, freq="MS").repeat(2)
    tests = [fold.test for fold in out_of_time(as_of, 30, n_blocks=n_blocks).folds]
    held_out = np.concatenate(tests) if tests else np.array([])
    assert len(held_out) == len(set(held_out))


def test_the_latest_quarter_of_cutoffs_judges() -> None:
    rows = monthly(12)
    (fold,) = evaluation_split(rows, 60).folds
    assert rows["as_of"].iloc[fold.test].min() == pd.Timestamp("2025-10-01")
    assert rows["as_of"].iloc[fold.train].max() == pd.Timestamp("2025-08-01")


def test_the_search_uses_three_growing_windows() -> None:
    rows = monthly(12)
    folds = search_split(rows, 60).folds
    assert [str(rows["as_of"].iloc[fold.test].min())[:7] for fold in folds] == ["2025-07", "2025-09", "2025-11"]
    assert len(folds[0].train) < len(folds[1].train) < len(folds[2].train)


def test_too_few_cutoffs_fall_back_to_accounts_and_say_so() -> None:
    rows = monthly(3)
    rows["churned"] = rows["account_id"].isin([f"A{i}" for i in range(6)])
    split = search_split(rows, 365)
    assert split.how == "out_of_fold"
    assert "too few cutoffs" in split.sentence


def test_rows_without_dates_are_held_out_by_account_and_it_says_so() -> None:
    rows = pd.DataFrame({"account_id": [f"A{i}" for i in range(50)], "churned": np.arange(50) < 10})
    split = evaluation_split(rows, 90)
    assert (split.how, len(split.folds)) == ("out_of_fold", 5)
    assert "no dates" in split.sentence


def test_a_window_in_which_nobody_churned_is_left_out() -> None:
    rows = monthly(12)
    rows.loc[rows["as_of"] < "2025-06-01", "churned"] = False
    folds = search_split(rows, 30).folds
    assert all(rows["churned"].iloc[fold.train].any() for fold in folds)
    assert len(folds) < 4
