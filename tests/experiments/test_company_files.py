"""The tables of a simulated company are the same whether made at once or written a part at a time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from experiments.company import rows, simulate, write_company
from experiments.company.parameters import Parameters
from experiments.company.tables import company_tables, table_rows
from experiments.company.world import create
from features.tables import TABLES

IN_TIME = {name: each.happened for name, each in TABLES.items() if each.happened and name != "subscriptions"}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return simulate(60, 1, seed=5).tables


def test_a_table_in_parts_is_the_whole_table(tables: dict[str, pd.DataFrame]) -> None:
    for name, each in table_rows(create(Parameters(), 60, years=1, seed=5)):
        pd.testing.assert_frame_equal(pd.concat(each.parts(7), ignore_index=True), tables[name])


def test_files_hold_what_simulate_returns(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    folder = write_company(tmp_path / "company", 60, years=1, seed=5)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(pd.read_parquet(folder / f"{name}.parquet"), table)


def test_a_big_table_is_written_as_several_row_groups(
    tables: dict[str, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PART_ROWS", 100)
    file = write_company(tmp_path / "company", 60, years=1, seed=5) / "activities.parquet"
    written = pq.ParquetFile(file).metadata
    assert written.num_row_groups == -(-len(tables["activities"]) // 100)
    pd.testing.assert_frame_equal(pd.read_parquet(file), tables["activities"])


@pytest.mark.parametrize("name", sorted(IN_TIME))
def test_events_stand_and_are_numbered_in_the_order_of_time(tables: dict[str, pd.DataFrame], name: str) -> None:
    table, key = tables[name], TABLES[name].key[0]
    assert table[IN_TIME[name]].is_monotonic_increasing
    assert table[key].str[2:].astype(int).tolist() == list(range(1, len(table) + 1))


def test_an_event_that_nobody_had_still_makes_a_table(tmp_path: Path) -> None:
    folder = write_company(tmp_path / "company", 1, years=1, seed=2)
    assert {name: pq.read_schema(folder / f"{name}.parquet").names for name in IN_TIME} == {
        name: list(simulate(60, 1).tables[name].columns) for name in IN_TIME
    }


def test_the_changes_of_owner_in_the_activities_are_those_of_account_changes() -> None:
    tables = company_tables(create(Parameters(), 60, years=1, seed=5))
    activities, changes = tables["activities"], tables["account_changes"]
    told = activities.loc[activities["event"] == "owner_changed", ["account_id", "occurred_at"]]
    assert told.to_numpy().tolist() == changes[["account_id", "changed_at"]].to_numpy().tolist()
    assert changes["changed_at"].is_monotonic_increasing
    last = changes.drop_duplicates("account_id", keep="last").set_index("account_id")["new_value"]
    assert (tables["accounts"].set_index("account_id")["owner"].loc[last.index] == last).all()
