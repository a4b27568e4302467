"""Published rows on their way into the store, and out of it."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError
from serving.published import PublishedRows, load_rows, read_rows
from serving.store import Store
from serving.vocabulary import FeatureRow


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'new' / 'online.db'}")


def _publish(rows: pd.DataFrame, path: Path) -> Path:
    rows.to_parquet(path, index=False)
    return path


ROWS = pd.DataFrame(
    {
        "account_id": ["A", "B"],
        "as_of": pd.to_datetime(["2026-01-31 00:00", "2026-01-31 09:30"]),
        "seats": [3.5, np.nan],
        "cases": pd.array([2, None], dtype="Int64"),
        "plan": pd.Series(["pro", None], dtype="str"),
        "owner": pd.Series(["Ümit", "x"], dtype="category"),
        "is_vip": [True, False],
        "ratio": [np.inf, 0.1 + 0.2],
    }
)


def test_rows_come_out_as_they_were_published_and_missing_is_none(store: Store, tmp_path: Path) -> None:
    assert load_rows(_publish(ROWS, tmp_path / "rows.parquet"), store)
    first = {"seats": 3.5, "cases": 2, "plan": "pro", "owner": "Ümit", "is_vip": True, "ratio": None}
    other = {"seats": None, "cases": None, "plan": None, "owner": "x", "is_vip": False, "ratio": 0.1 + 0.2}
    assert store.rows(["B", "nobody", "A"]) == {
        "A": FeatureRow(first, "A", "2026-01-31"),
        "B": FeatureRow(other, "B", "2026-01-31T09:30:00"),
    }


def test_flat_rows_have_no_date(store: Store, tmp_path: Path) -> None:
    load_rows(_publish(ROWS.drop(columns="as_of"), tmp_path / "rows.parquet"), store)
    assert store.rows(["A"])["A"].as_of is None


def test_the_same_file_is_loaded_once(store: Store, tmp_path: Path) -> None:
    path = _publish(ROWS, tmp_path / "rows.parquet")
    assert [load_rows(path, store), load_rows(path, store)] == [True, False]


def test_a_new_file_replaces_all_rows(store: Store, tmp_path: Path) -> None:
    load_rows(_publish(ROWS, tmp_path / "rows.parquet"), store)
    load_rows(_publish(ROWS.assign(account_id=["B", "C"]), tmp_path / "rows.parquet"), store)
    assert store.rows(["A", "B", "C"]).keys() == {"B", "C"}


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (ROWS.assign(account_id=["A", "A"]), "an account comes twice or has no id"),
        (ROWS.assign(account_id=["A", None]), "an account comes twice or has no id"),
        (ROWS.drop(columns="account_id"), "rows with the columns as_of, seats.*expected a column account_id"),
        (ROWS.assign(seats=ROWS["as_of"]), "column seats of timestamp.*expected numbers, text or truth values"),
    ],
)
def test_bad_rows_are_refused_and_the_old_ones_stay(
    rows: pd.DataFrame, match: str, store: Store, tmp_path: Path
) -> None:
    load_rows(_publish(ROWS, tmp_path / "rows.parquet"), store)
    with pytest.raises(DataError, match=match):
        load_rows(_publish(rows, tmp_path / "rows.parquet"), store)
    assert store.rows(["A", "B"]).keys() == {"A", "B"}


def test_a_file_that_is_no_parquet_is_refused_once_and_logged(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = _publish(ROWS, tmp_path / "rows.parquet")
    published = PublishedRows(path, store)
    assert published.lack
    published.refresh()
    assert published.lack is None
    path.write_bytes(path.read_bytes()[:-20])
    with caplog.at_level(logging.ERROR):
        published.refresh()
        published.refresh()
    assert caplog.text.count("refused the feature rows of rows.parquet") == 1
    assert store.rows(["A"])


def test_where_there_are_no_old_rows_either_the_refusal_says_why(store: Store, tmp_path: Path) -> None:
    published = PublishedRows(_publish(ROWS.drop(columns="account_id"), tmp_path / "rows.parquet"), store)
    published.refresh()
    assert published.lack is not None
    assert "expected a column account_id" in published.lack


def test_without_a_file_there_is_nothing_to_wait_for(store: Store, tmp_path: Path) -> None:
    published = PublishedRows(tmp_path / "none.parquet", store)
    published.refresh()
    assert published.lack is None


def test_rows_are_read_a_few_thousand_at_a_time(tmp_path: Path) -> None:
    many = pd.DataFrame({"account_id": [f"A-{i}" for i in range(12_000)], "seats": np.arange(12_000.0)})
    rows = read_rows(_publish(many, tmp_path / "rows.parquet"))
    assert next(rows) == FeatureRow({"seats": 0.0}, "A-0")
    assert sum(1 for _ in rows) == 11_999


def test_of_several_workers_at_once_one_loads_and_none_fails(tmp_path: Path) -> None:
    many = pd.DataFrame({"account_id": [f"A-{i}" for i in range(20_000)], "seats": np.arange(20_000.0)})
    path, url = _publish(many, tmp_path / "rows.parquet"), f"sqlite:///{tmp_path / 'online.db'}"
    with ThreadPoolExecutor(4) as workers:
        loaded = list(workers.map(lambda _: load_rows(path, Store(url)), range(4)))
    assert sorted(loaded) == [False, False, False, True]
    assert Store(url).rows(["A-19999"])["A-19999"].values == {"seats": 19999.0}


def test_readers_see_the_old_rows_until_the_new_ones_are_all_there(store: Store, tmp_path: Path) -> None:
    load_rows(_publish(ROWS, tmp_path / "rows.parquet"), store)
    seen: list[Any] = []

    def rows() -> Any:
        yield FeatureRow({}, "C")
        seen.append(store.rows(["A", "C"]).keys())
        yield FeatureRow({}, "D")

    store.replace(rows(), "another")
    assert seen == [{"A"}]
    assert store.rows(["A", "C", "D"]).keys() == {"C", "D"}
