"""One table from many files: a folder, or a pattern, read in the order of their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.checks import Reading, fail_on_rejects, read_tables
from features.errors import ConfigError, DataError
from features.mapping import Sources, TableMapping
from features.readers import source_files
from features.sources import open_table, open_warehouse

SECOND = 1 << 40
DAY = pd.Timestamp("2024-01-05")


def parquet(folder: Path, name: str, **columns: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def text(folder: Path, name: str, lines: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lines.encode(encoding))
    return path


def accounts(folder: Path, source: str, **mapping: object) -> Sources:
    tables = {"accounts": {"source": source, **mapping}}
    return Sources.model_validate({"location": str(folder), "tables": tables})


@pytest.fixture
def opened(open_engine: Callable) -> Callable[..., pd.DataFrame]:
    """What opens the accounts and returns their rows in the order of the source."""

    def open_it(sources: Sources) -> pd.DataFrame:
        with open_engine() as warehouse:
            return open_table(warehouse, sources, "accounts").order_by("_row").to_pyarrow().to_pandas()

    return open_it


@pytest.fixture
def read(open_engine: Callable) -> Callable[[Sources], tuple[Reading, dict[str, pd.DataFrame]]]:
    """What reads and checks tables, and returns what was found and kept."""

    def read_them(sources: Sources) -> tuple[Reading, dict[str, pd.DataFrame]]:
        with open_engine() as warehouse:
            reading = read_tables(warehouse, sources)
            return reading, {name: rows.to_pyarrow().to_pandas() for name, rows in warehouse.tables.items()}

    return read_them


@pytest.mark.parametrize("source", ["days", "days/", "days/*.parquet", "d*/[ab]*.parquet"])
def test_files_are_read_in_the_order_of_their_names(opened: Callable, tmp_path: Path, source: str) -> None:
    parquet(tmp_path, "days/b c.parquet", account_id=["3"])
    parquet(tmp_path, "days/a ü%20#.parquet", account_id=["1", "2"])
    parquet(tmp_path, "days/_temporary.parquet", account_id=["no"])
    parquet(tmp_path, "days/.hidden.parquet", account_id=["no"])
    (tmp_path / "days" / "_SUCCESS").touch()
    rows = opened(accounts(tmp_path, source))
    assert rows["account_id"].tolist() == ["1", "2", "3"]
    assert rows["_row"].tolist() == [1, 2, SECOND + 1]


def test_csv_files_are_read_in_the_order_of_their_names(opened: Callable, tmp_path: Path) -> None:
    text(tmp_path, "exports/cases-1.csv", "no\nno\n")
    text(tmp_path, "exports/accounts-2.csv", "employees,account_id\n5,b\n")
    text(tmp_path, "exports/accounts-1.csv", "account_id,industry\na,retail\n")
    rows = opened(accounts(tmp_path, "exports/accounts-*.csv"))
    assert rows["account_id"].tolist() == ["a", "b"]
    assert rows["industry"].fillna("none").tolist() == ["retail", "none"]
    assert rows["employees"].fillna(0).tolist() == [0, 5]
    assert rows["_row"].tolist() == [1, SECOND + 1]


def test_the_files_of_a_source_can_be_asked_for(tmp_path: Path) -> None:
    one, other = parquet(tmp_path, "days/1.parquet", a=[1]), parquet(tmp_path, "days/2.pq", a=[1])
    assert source_files(str(tmp_path), TableMapping(source="days")) == (one, other)
    assert source_files(str(tmp_path), TableMapping(source="days/1.parquet")) == (one,)
    assert source_files("sqlite://crm.db", TableMapping(source="customers")) == ()


def test_a_pattern_may_lead_outside_the_folder(tmp_path: Path) -> None:
    here, there = tmp_path / "here", parquet(tmp_path, "there/1.parquet", a=[1])
    here.mkdir()
    assert source_files(str(here), TableMapping(source=f"{there.parent}/*.parquet")) == (there,)
    (found,) = source_files(str(here), TableMapping(source="../there/*.parquet"))
    assert found.samefile(there)
    assert source_files(str(tmp_path), TableMapping(source="**/*.parquet")) == (there,)


def test_names_that_look_like_patterns_are_names(opened: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "x[1]"
    parquet(tmp_path, "x1/1.parquet", account_id=["wrong"])
    parquet(folder, "1.parquet", account_id=["right"])
    text(folder, "y[1].csv", "account_id\nright\n")
    for source in ("1.parquet", "*.parquet", "y[1].csv"):
        assert opened(accounts(folder, source))["account_id"].tolist() == ["right"]


def test_columns_go_by_name_and_their_types_are_widened(opened: Callable, tmp_path: Path) -> None:
    at = pa.array([DAY], pa.timestamp("us"))
    parquet(tmp_path, "a/1.parquet", account_id=pa.array([1], pa.int32()), size=[1], created_at=at, plan=pa.nulls(1))
    parquet(tmp_path, "a/2.parquet", size=[2.5], account_id=[2], created_at=at.cast(pa.timestamp("ns")), plan=["x"])
    parquet(tmp_path, "a/3.parquet", account_id=[3.0], created_at=pa.array([DAY], pa.timestamp("ms", "UTC")))
    parquet(tmp_path, "a/4.parquet", Account_ID=["4"][:0])
    parquet(tmp_path, "a/5.parquet", account_ID=pa.array([5], pa.int16()), created_at=at.cast(pa.date32()))
    rows = opened(accounts(tmp_path, "a"))
    assert rows["account_id"].tolist() == ["1", "2", "3", "5"]
    assert rows["size"].fillna(0).tolist() == [1, 2.5, 0, 0]
    assert rows["plan"].fillna("none").tolist() == ["none", "x", "none", "none"]
    assert rows["created_at"].tolist() == [DAY] * 4
    assert rows["_row"].tolist() == [1, SECOND + 1, 2 * SECOND + 1, 4 * SECOND + 1]


def test_types_with_nothing_in_common_are_named_with_their_files(opened: Callable, tmp_path: Path) -> None:
    parquet(tmp_path, "a/1.parquet", account_id=["a"], size=[1])
    parquet(tmp_path, "a/2.parquet", account_id=["b"], size=["big"])
    with pytest.raises(DataError, match=r"a with size as int64 in a/1.parquet and string in a/2.parquet; expected one"):
        opened(accounts(tmp_path, "a"))


@pytest.mark.parametrize("name", ["2.parquet", "2.csv"])
def test_empty_files_are_fine_beside_one_with_rows(opened: Callable, tmp_path: Path, name: str) -> None:
    if name.endswith("csv"):
        text(tmp_path, "a/1.csv", "")
        text(tmp_path, "a/3.csv", "account_id,industry\n")
        text(tmp_path, "a/2.csv", "account_id\nx\n")
    else:
        parquet(tmp_path, "a/1.parquet", account_id=pa.array([], pa.float64()), size=pa.array([], pa.string()))
        parquet(tmp_path, "a/2.parquet", account_id=["x"], size=[1])
    rows = opened(accounts(tmp_path, "a"))
    assert rows["account_id"].tolist() == ["x"]
    assert rows["_row"].tolist() == [SECOND + 1]


def test_files_that_are_all_empty_are_refused(opened: Callable, tmp_path: Path) -> None:
    text(tmp_path, "a/1.csv", "account_id\n")
    text(tmp_path, "a/2.csv", "")
    with pytest.raises(DataError, match=r"no rows in accounts \(a\)"):
        opened(accounts(tmp_path, "a"))


@pytest.mark.parametrize(
    ("files", "source", "message"),
    [
        (["a/1.json"], "a", "no Parquet or CSV file in .*/a; expected the files that"),
        (["a/_1.csv"], "a/", "no Parquet or CSV file in .*/a;"),
        (["a/1.csv"], "a/*.parquet", r"no Parquet or CSV file in .*/a/\*.parquet"),
        (["a/1.csv", "a/2.parquet"], "a", r"1.csv beside 2.parquet in .*/a; expected files of one kind; .* \"\*.csv\""),
        (["a/1.json"], "a/1.json", "a file 1.json; expected a name ending in"),
        (["a/1.csv"], "b/", "no file .*/b;"),
    ],
)
def test_a_source_without_files_of_one_kind_is_refused(
    tmp_path: Path, files: list[str], source: str, message: str
) -> None:
    for name in files:
        text(tmp_path, name, "account_id\n1\n")
    with pytest.raises(ConfigError, match=message):
        source_files(str(tmp_path), TableMapping(source=source))


def test_a_marked_file_is_read_where_the_pattern_asks_for_it(tmp_path: Path) -> None:
    path = text(tmp_path, "_a.csv", "account_id\n1\n")
    assert source_files(str(tmp_path), TableMapping(source="_*.csv")) == (path,)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (b"account_id,industry\nb,Caf\xe9\n", "got a/2.csv, not UTF-8 near byte 25"),
        (
            b"account_id,industry\nb,x\nc,d,e\n",
            r"accounts \(a\), .* a/2.csv: line 3 has 3 values where the header has 2",
        ),
    ],
)
def test_the_csv_file_that_cannot_be_read_is_named(
    opened: Callable, tmp_path: Path, lines: bytes, message: str
) -> None:
    text(tmp_path, "a/1.csv", "account_id,industry\na,x\n")
    text(tmp_path, "a/2.csv", "").write_bytes(lines)
    with pytest.raises(DataError, match=message):
        opened(accounts(tmp_path, "a"))


def test_the_parquet_file_that_is_none_is_named(opened: Callable, tmp_path: Path) -> None:
    parquet(tmp_path, "a/1.parquet", account_id=["a"])
    text(tmp_path, "a/2.parquet", "no parquet at all")
    with pytest.raises(DataError, match=r"accounts \(a\), which cannot be read: a/2.parquet: "):
        opened(accounts(tmp_path, "a"))


@pytest.mark.parametrize("name", ["1.parquet", "1.csv"])
def test_a_file_that_is_gone_since_it_was_listed_is_named(open_engine: Callable, tmp_path: Path, name: str) -> None:
    sources = accounts(tmp_path, "a")
    path = tmp_path / "a" / name
    with open_engine() as warehouse:
        warehouse.listed[str(tmp_path), "a"] = (path,)
        with pytest.raises(DataError, match=rf"accounts \(a\), which cannot be read: a/{name}: it is gone"):
            open_table(warehouse, sources, "accounts")


def test_a_file_that_is_gone_since_it_was_opened_makes_a_sentence(open_engine: Callable, tmp_path: Path) -> None:
    parquet(tmp_path, "a/1.parquet", account_id=["a"])
    path = parquet(tmp_path, "a/2.parquet", account_id=["b"])
    sources = accounts(tmp_path, "a")
    with open_engine() as warehouse:
        open_table(warehouse, sources, "accounts")
        path.unlink()
        with pytest.raises(DataError, match=r"accounts \(a\), which cannot be read: .*2.parquet"):
            read_tables(warehouse, sources)


def test_rejects_say_their_file_and_their_row_in_it(read: Callable, tmp_path: Path) -> None:
    text(tmp_path, "a/1.csv", "account_id,employees\na,5\nb,many\n")
    text(tmp_path, "a/2.csv", "account_id,employees\nc,5\nd,-1\na,1\n")
    text(tmp_path, "contacts.csv", "contact_id,account_id\nc1,zzz\nc2,a\n")
    sources = accounts(tmp_path, "a/*.csv")
    sources = Sources.model_validate(
        {"location": str(tmp_path), "tables": {**sources.tables, "contacts": {"source": "contacts.csv"}}}
    )
    reading, kept = read(sources)
    assert reading.reject_rows()[["table", "file", "row", "key", "column"]].to_numpy().tolist() == [
        ["accounts", "a/1.csv", 2, "b", "employees"],
        ["accounts", "a/2.csv", 2, "d", "employees"],
        ["accounts", "a/2.csv", 3, "a", "account_id"],
        ["contacts", "contacts.csv", 1, "c1", "account_id"],
    ]
    assert sorted(kept["accounts"]["account_id"]) == ["a", "c"]
    with pytest.raises(DataError, match=r"accounts a/1.csv row 2 \(b\), employees: 'many'.*; contacts row 1 \(c1\)"):
        fail_on_rejects(reading, "fail")


def test_rows_without_a_key_are_numbered_over_all_files(opened: Callable, tmp_path: Path) -> None:
    text(tmp_path, "a/1.csv", "x\n1\n")
    text(tmp_path, "a/2.csv", "x\n1\n")
    rows = opened(accounts(tmp_path, "a", columns={"account_id": {"row_number": True}}))
    assert rows["account_id"].tolist() == ["1", str(SECOND + 1)]


def test_one_row_a_key_is_kept_over_all_files(opened: Callable, tmp_path: Path) -> None:
    text(tmp_path, "a/1.csv", "account_id,country\na,UK\n")
    text(tmp_path, "a/2.csv", "account_id,country\na,DE\n")
    rows = opened(accounts(tmp_path, "a", one_per_key=True))
    assert rows[["account_id", "country"]].to_numpy().tolist() == [["a", "DE"]]


def test_what_another_table_knows_is_found_in_all_its_files(read: Callable, tmp_path: Path) -> None:
    text(tmp_path, "accounts.csv", "account_id\na\nb\n")
    text(tmp_path, "subs/1.csv", "subscription_id,account_id,start_date\ns1,a,2024-01-01\n")
    text(tmp_path, "subs/2.csv", "subscription_id,account_id,start_date\ns2,b,2024-01-01\n")
    text(tmp_path, "use/1.csv", "activity_id,s,occurred_at,event\nu1,s2,2024-02-01,x\n")
    text(tmp_path, "use/2.csv", "activity_id,s,occurred_at,event\nu2,s1,2024-02-01,x\n")
    through = {"through": {"table": "subscriptions", "on": "s"}}
    tables = {
        "accounts": {"source": "accounts.csv"},
        "subscriptions": {"source": "subs"},
        "activities": {"source": "use", "columns": {"account_id": through}},
    }
    _, kept = read(Sources.model_validate({"location": str(tmp_path), "tables": tables}))
    assert dict(zip(kept["activities"]["activity_id"], kept["activities"]["account_id"], strict=True)) == {
        "u1": "b",
        "u2": "a",
    }


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_some_files_are_opened_with_the_numbers_and_columns_of_all(
    open_engine: Callable, tmp_path: Path, kind: str
) -> None:
    frames = [
        pd.DataFrame({"account_id": ["a", "b"], "score": ["many", "few"]}),
        pd.DataFrame({"account_id": ["c"], "score": ["7"]}),
        pd.DataFrame({"account_id": ["d"], "size": [2.5]}),
        pd.DataFrame({"account_id": ["e"], "score": ["8"]}),
    ]
    (tmp_path / "a").mkdir()
    for i, frame in enumerate(frames):
        path = tmp_path / "a" / f"{i}.{kind}"
        frame.to_parquet(path) if kind == "parquet" else frame.to_csv(path, index=False)
    sources = accounts(tmp_path, "a")
    files = source_files(sources.location, sources.tables["accounts"])
    with open_engine() as warehouse:
        whole = open_table(warehouse, sources, "accounts")
        everything = whole.order_by("_row").to_pyarrow()
        for places in ((), (0,), (2,), (1, 3), (0, 1, 2, 3)):
            other = replace(warehouse, tables={})
            some = open_table(other, sources, "accounts", tuple(files[place] for place in places))
            kept = [row for row in everything.to_pylist() if (row["_row"] >> 40) in places]
            assert some.schema() == whole.schema()
            assert some.order_by("_row").to_pyarrow().to_pylist() == kept
            assert open_table(warehouse, sources, "accounts") is whole


def test_some_files_open_in_a_warehouse_without_the_table_and_are_the_sources_own(tmp_path: Path) -> None:
    path = parquet(tmp_path, "a/1.parquet", account_id=["a"])
    sources = accounts(tmp_path, "a")
    with open_warehouse() as warehouse:
        with pytest.raises(
            ConfigError, match=r"strange.parquet, which is none of a; expected some of the source's files"
        ):
            open_table(warehouse, sources, "accounts", (tmp_path / "strange.parquet",))
        open_table(warehouse, sources, "accounts")
        with pytest.raises(ValueError, match="got accounts, which is open"):
            open_table(warehouse, sources, "accounts", (path,))


def test_no_file_is_opened_twice_to_open_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(20):
        parquet(tmp_path, f"a/{i:02}.parquet", account_id=[str(i)], plan=["x"])
    asked: list[Path] = []
    read_metadata = pq.read_metadata
    monkeypatch.setattr(pq, "read_metadata", lambda path: asked.append(path) or read_metadata(path))
    sources = accounts(tmp_path, "a")
    with open_warehouse() as warehouse:
        open_table(warehouse, sources, "accounts")
        open_table(
            replace(warehouse, tables={}),
            sources,
            "accounts",
            source_files(str(tmp_path), sources.tables["accounts"])[:3],
        )
    assert asked == sorted((tmp_path / "a").iterdir())
