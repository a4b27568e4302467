"""The log as numbers on disk: all of it, once, whatever it was read in, and what its counts say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from features import kept_log
from features.checks import read_tables
from features.coder import Coder
from features.events import event_log
from features.inventory import event_counts
from features.kept_log import CodedLog, coded_log
from features.log import EventLog, to_log
from features.mapping import Sources
from features.sources import open_warehouse
from features.streams import ACCOUNT, OBSERVED
from features.warehouse import Warehouse


def whole(log: CodedLog) -> list[EventLog]:
    return [log.events(log.columns(bucket)) for bucket in range(log.n_buckets)]


def rows_of(log: EventLog) -> pd.DataFrame:
    """Events in words; of contacts and touchpoints how often each is there, since their codes are nobody's."""
    types = pd.DataFrame(list(log.types), columns=["stream", "kind", "role"]).iloc[log.type].reset_index(drop=True)
    texts = np.array([*log.texts, None], dtype=object)
    rows = types.assign(
        account=np.array(log.accounts, dtype=object)[log.owners(np.arange(len(log.at)))],
        at=log.at,
        known_at=log.known_at,
        value=log.value,
        text=texts[log.text],
        has_contact=log.contact >= 0,
        has_touchpoint=log.touchpoint >= 0,
    )
    return rows.sort_values([*rows.columns], ignore_index=True)


@pytest.fixture
def warehouse(open_tables, company):
    return open_tables(company)


def test_the_coded_log_is_the_log_that_the_engine_reads(warehouse, tmp_path, monkeypatch):
    monkeypatch.setattr(kept_log, "bucket_count", lambda n_events, threads: 3)
    found = pd.concat([rows_of(log) for log in whole(coded_log(warehouse, tmp_path / "log", threads=2))])
    expected = rows_of(to_log(event_log(warehouse).to_pyarrow()))
    pd.testing.assert_frame_equal(found.sort_values([*found.columns], ignore_index=True), expected, check_exact=True)


def test_events_stand_in_the_order_of_the_log_in_every_bucket(warehouse, tmp_path):
    (found,) = whole(coded_log(warehouse, tmp_path / "log", threads=2))
    expected = to_log(event_log(warehouse).to_pyarrow())
    assert found.accounts == expected.accounts
    for name in ("offsets", "at", "known_at", "value"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    named = [np.array(log.types, dtype=object)[log.type][:, :2].tolist() for log in (found, expected)]
    assert named[0] == named[1]


def test_contacts_are_told_apart_as_their_names_are(warehouse, tmp_path):
    (found,) = whole(coded_log(warehouse, tmp_path / "log", threads=2))
    expected = to_log(event_log(warehouse).to_pyarrow())
    n_contacts = [
        [len(set(log.contact[low:high].tolist()) - {-1}) for low, high in pairwise(log.offsets.tolist())]
        for log in (found, expected)
    ]
    assert n_contacts[0] == n_contacts[1]
    assert max(n_contacts[0]) > 1


@pytest.mark.parametrize("in_files", [1, 5])
def test_what_is_read_in_slices_side_by_side_is_the_same(opened_in_files: Callable, tmp_path, monkeypatch, in_files):
    warehouse = opened_in_files(in_files)
    one = [rows_of(log) for log in whole(coded_log(warehouse, tmp_path / "one", threads=1))]
    monkeypatch.setattr(kept_log, "LEAST_SLICED", 10)
    many = coded_log(warehouse, tmp_path / "many", threads=2)
    assert max(len(part.files) for part in many.parts) >= 4
    pd.testing.assert_frame_equal(one[0], rows_of(whole(many)[0]), check_exact=True)


@pytest.fixture
def opened_in_files(company, tmp_path) -> Iterator[Callable]:
    """A function that opens the company with every table in so many files."""
    with ExitStack() as stack:

        def open_them(n_files: int) -> Warehouse:
            folder = tmp_path / "exports"
            for name, frame in company.items():
                (folder / name).mkdir(parents=True)
                for i, rows in enumerate(np.array_split(np.arange(len(frame)), n_files)):
                    frame.iloc[rows].to_parquet(folder / name / f"{i}.parquet", index=False)
            warehouse = stack.enter_context(open_warehouse())
            read_tables(warehouse, Sources(location=str(folder), tables={name: {"source": name} for name in company}))
            return warehouse

        yield open_them


def test_counts_are_those_of_the_log_read_by_the_engine(warehouse, tmp_path):
    def sorted_rows(counts) -> list[tuple]:
        rows = [row for row in counts if row["stream"] not in (ACCOUNT, OBSERVED)]
        return sorted(tuple(str(row[name]) for name in sorted(row)) for row in rows)

    assert sorted_rows(coded_log(warehouse, tmp_path / "log", threads=2).counts) == sorted_rows(event_counts(warehouse))


def test_codes_that_were_given_out_stay(tmp_path):
    coder = Coder()
    assert coder.account_codes(["b", "d"]) == [0, 1]
    coder.write(tmp_path)
    again = Coder.read(tmp_path)
    assert again.account_codes(["a", "d", "b"]) == [2, 1, 0]
