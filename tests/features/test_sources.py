from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.errors import ConfigError, DataError
from features.mapping import Sources
from features.sources import open_table, open_warehouse

ACTIVITIES = {"activities": {"source": "t.parquet"}}
Opened = Callable[[Path | str, dict, str], pd.DataFrame]


@pytest.fixture
def opened(open_engine: Callable) -> Opened:
    """What opens one table and returns its rows in the order of the source."""

    def open_it(location: Path | str, tables: dict, name: str) -> pd.DataFrame:
        with open_engine() as warehouse:
            rows = open_table(warehouse, Sources(location=str(location), tables=tables), name)
            return rows.order_by("_row").to_pyarrow().to_pandas()

    return open_it


def write(folder: Path, text: str, encoding: str = "utf-8", name: str = "t.csv") -> None:
    (folder / name).write_bytes(text.encode(encoding))


def accounts(**mapping: object) -> dict:
    return {"accounts": {"source": "t.csv", **mapping}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_reads_the_same_in_every_encoding(opened: Opened, tmp_path: Path, encoding: str) -> None:
    write(tmp_path, "account_id,industry\n1,Café\n2,Müller & Söhne\n", encoding)
    rows = opened(tmp_path, accounts(encoding=encoding), "accounts")
    assert rows["industry"].tolist() == ["Café", "Müller & Söhne"]
    assert rows["account_id"].tolist() == ["1", "2"]


def test_a_wrong_encoding_is_named_with_the_place(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,industry\n1,Café\n", "cp1252")
    with pytest.raises(DataError, match=r"not UTF-8 near byte 25.*set `encoding`"):
        opened(tmp_path, accounts(), "accounts")


def test_semicolons_decimal_commas_and_day_first_dates_are_read(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id;employees;created_at\n1;1.234,5;03-10-2024 17:05\n2;7;2024-10-04\n")
    rows = opened(tmp_path, accounts(delimiter=";", decimal=",", dates="day_first"), "accounts")
    assert rows["employees"].tolist() == [1234.5, 7.0]
    assert rows["created_at"].tolist() == [pd.Timestamp("2024-10-03 17:05"), pd.Timestamp("2024-10-04")]


def test_month_first_dates_are_read_so_when_said(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,created_at\n1,03/10/2024\n")
    rows = opened(tmp_path, accounts(dates="month_first"), "accounts")
    assert rows["created_at"].tolist() == [pd.Timestamp("2024-03-10")]


def test_an_offset_in_the_text_is_honoured(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,created_at\n1,2024-03-10T10:00:00+02:00\n2,2024-03-10T10:00:00Z\n")
    rows = opened(tmp_path, accounts(), "accounts")
    assert rows["created_at"].tolist() == [pd.Timestamp("2024-03-10 08:00"), pd.Timestamp("2024-03-10 10:00")]


@pytest.mark.parametrize("bad", ["inf", "-inf", "1e300", "12 apples", "0x10"])
def test_what_is_no_sane_number_is_null_beside_what_came(opened: Opened, tmp_path: Path, bad: str) -> None:
    write(tmp_path, f"account_id,employees\n1,{bad}\n2,3\n")
    rows = opened(tmp_path, accounts(), "accounts")
    assert rows["employees"].isna().tolist() == [True, False]
    assert rows["_came_employees"].tolist()[0] == bad


@pytest.mark.parametrize("mark", ["", "NA", "n/a", "NaN", "null", "None"])
def test_marks_for_missing_are_missing_not_wrong(opened: Opened, tmp_path: Path, mark: str) -> None:
    write(tmp_path, f"account_id,employees\n1,{mark}\n2,3\n")
    rows = opened(tmp_path, accounts(), "accounts")
    assert rows["employees"].isna().tolist() == [*rows["_came_employees"].isna().tolist()[:1], False]


def test_columns_beyond_the_contract_are_kept_and_numbers_among_them_recognised(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,score_2,colour,secret\n1,0.5,red,x\n2,,blue,y\n")
    rows = opened(tmp_path, accounts(ignore=["secret"]), "accounts")
    assert rows["score_2"].tolist()[0] == 0.5
    assert rows["colour"].tolist() == ["red", "blue"]
    assert "secret" not in rows


def test_rename_constant_product_and_translation_are_applied(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "kunde,menge,preis,tag,art\nk1,3,2.5,2024-01-05,Kauf\n")
    columns = {
        "transaction_id": {"row_number": True},
        "account_id": "kunde",
        "occurred_at": "tag",
        "amount": {"column": "menge", "times": "preis"},
        "product": {"column": "art", "values": {"Kauf": "purchase"}},
        "is_return": {"constant": False},
    }
    rows = opened(tmp_path, {"transactions": {"source": "t.csv", "columns": columns}}, "transactions")
    assert rows.loc[0, ["transaction_id", "account_id", "amount", "product"]].tolist() == ["1", "k1", 7.5, "purchase"]
    assert rows["is_return"].tolist() == [False]


def test_an_account_is_found_through_another_table(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "subscription_id,account_id,start_date\ns1,a,2024-01-01\ns2,b,2024-01-01\n", name="subs.csv")
    write(tmp_path, "usage_id,subscription_id,day\nu1,s2,2024-02-01\nu2,s1,2024-02-02\nu3,s9,2024-02-03\n")
    through = {"through": {"table": "subscriptions", "on": "subscription_id"}}
    tables = {
        "subscriptions": {"source": "subs.csv"},
        "activities": {
            "source": "t.csv",
            "columns": {
                "activity_id": "usage_id",
                "occurred_at": "day",
                "event": {"constant": "use"},
                "account_id": through,
            },
        },
    }
    rows = opened(tmp_path, tables, "activities").sort_values("activity_id")
    assert rows["account_id"].tolist()[:2] == ["b", "a"]
    assert rows["account_id"].isna().tolist() == [False, False, True]


def test_minutes_are_added_to_a_time(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "case_id,account_id,opened_at,wait\nk,a,2024-01-01 23:30,74\n")
    columns = {"first_response_at": {"column": "opened_at", "plus_minutes": "wait"}}
    rows = opened(tmp_path, {"cases": {"source": "t.csv", "columns": columns}}, "cases")
    assert rows["first_response_at"].tolist() == [pd.Timestamp("2024-01-02 00:44")]


def test_rows_without_what_makes_them_rows_are_none(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "response_id,account_id,answered_at,score\nr1,a,2024-01-01,\nr2,a,2024-01-01,4\n")
    mapping = {"source": "t.csv", "only_where": "score", "columns": {"metric": {"constant": "csat"}}}
    assert opened(tmp_path, {"survey_responses": mapping}, "survey_responses")["response_id"].tolist() == ["r2"]


def test_one_row_a_key_is_kept_when_asked_for(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,country\na,UK\na,DE\nb,FR\n")
    rows = opened(tmp_path, accounts(one_per_key=True), "accounts")
    assert rows[["account_id", "country"]].to_numpy().tolist() == [["a", "DE"], ["b", "FR"]]


def test_a_sqlite_database_is_read_by_url(opened: Opened, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute("create table customers (account_id text, employees integer)")
        database.execute("insert into customers values ('a', 12)")
    rows = opened(f"sqlite://{tmp_path / 'crm.db'}", {"accounts": {"source": "customers"}}, "accounts")
    assert rows[["account_id", "employees"]].to_numpy().tolist() == [["a", 12.0]]


def test_a_duckdb_database_is_read_by_url(opened: Opened, tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "crm.duckdb")) as database:
        database.execute("create table customers as select 'a' as account_id, 12 as employees")
    rows = opened(f"duckdb://{tmp_path / 'crm.duckdb'}", {"accounts": {"source": "customers"}}, "accounts")
    assert rows[["account_id", "employees"]].to_numpy().tolist() == [["a", 12.0]]


def test_a_missing_file_is_named(opened: Opened) -> None:
    with pytest.raises(ConfigError, match=r"no file .*nowhere/t.csv.*put it there"):
        opened("nowhere", accounts(), "accounts")


def test_a_table_that_is_not_in_the_database_is_named(opened: Opened, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "crm.db").close()
    with pytest.raises(ConfigError, match=r"no table 't\.csv' in the database"):
        opened(f"sqlite://{tmp_path / 'crm.db'}", accounts(), "accounts")


def test_an_empty_table_is_refused(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,industry\n")
    with pytest.raises(DataError, match="no rows in accounts"):
        opened(tmp_path, accounts(), "accounts")


def test_a_file_without_any_text_is_refused(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "")
    with pytest.raises((DataError, ConfigError), match="accounts"):
        opened(tmp_path, accounts(), "accounts")


def test_a_missing_required_column_is_named_with_what_there_is(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "kunde,industry\n1,x\n")
    with pytest.raises(ConfigError, match=r"no source for accounts.account_id \(the file has kunde, industry\)"):
        opened(tmp_path, accounts(), "accounts")


def test_a_mapping_to_a_column_that_is_not_there_is_named(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id\n1\n")
    with pytest.raises(ConfigError, match="without branche"):
        opened(tmp_path, accounts(columns={"industry": "branche"}), "accounts")


def test_a_file_that_is_no_parquet_is_one_clear_error(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("no parquet at all")
    with pytest.raises(DataError, match=r"accounts \(t.parquet\), which cannot be read"):
        opened(tmp_path, {"accounts": {"source": "t.parquet"}}, "accounts")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"customers": {"source": "t.csv"}}, "got a table 'customers'"),
        ({"contacts": {"source": "t.csv", "columns": {"colour": "c"}}}, r"got contacts columns \['colour'\]"),
        ({"accounts": {"source": "t.csv", "columns": {"name": {"column": "a", "constant": 1}}}}, "exactly one of"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(mapping: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sources(tables=mapping)


def test_rows_that_begin_with_a_hash_are_rows(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,industry\n#1,a\n#2,b\n3,c\n")
    assert opened(tmp_path, accounts(), "accounts")["account_id"].tolist() == ["#1", "#2", "3"]


def test_with_decimal_commas_a_dot_is_a_thousands_mark_or_a_mistake(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id;employees;version\n1;1.234,5;1.2.3\n2;12.50;1.2.4\n")
    rows = opened(tmp_path, accounts(delimiter=";", decimal=","), "accounts")
    assert rows["employees"].tolist()[0] == 1234.5
    assert rows["employees"].isna().tolist() == [False, True]
    assert rows["version"].tolist() == ["1.2.3", "1.2.4"]


def test_a_whole_number_is_the_same_id_as_float_integer_and_text(opened: Opened, tmp_path: Path) -> None:
    pd.DataFrame({"account_id": [12346.0, None]}).to_parquet(tmp_path / "f.parquet")
    pd.DataFrame({"account_id": [12346]}).to_parquet(tmp_path / "i.parquet")
    write(tmp_path, "account_id\n 12346 \n")
    sources = ("f.parquet", "i.parquet", "t.csv")
    found = [opened(tmp_path, {"accounts": {"source": name}}, "accounts")["account_id"][0] for name in sources]
    assert found == ["12346"] * 3


def test_na_is_a_value_among_texts_and_missing_among_numbers(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,region,employees\n1,NA,NA\n2,EU,3\n")
    rows = opened(tmp_path, accounts(), "accounts")
    assert rows["region"].tolist() == ["NA", "EU"]
    assert rows["employees"].isna().tolist() == [True, False]


def test_a_row_with_too_many_values_is_named_with_its_line(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,industry\n1,a\n2,b,c\n")
    with pytest.raises(DataError, match="line 3 has 3 values where the header has 2"):
        opened(tmp_path, accounts(), "accounts")


def test_dates_beyond_the_contract_make_no_column(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,cancelled_on\n1,2024-01-01\n2,\n")
    assert "cancelled_on" not in opened(tmp_path, accounts(), "accounts")


def test_a_column_that_the_reading_itself_uses_is_refused(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "account_id,_row\n1,x\n")
    with pytest.raises(ConfigError, match="with columns _row"):
        opened(tmp_path, accounts(), "accounts")


def test_a_column_of_lists_is_refused_where_asked_for_and_left_out_elsewhere(opened: Opened, tmp_path: Path) -> None:
    pd.DataFrame({"account_id": ["a"], "tags": [["x", "y"]]}).to_parquet(tmp_path / "t.parquet")
    assert "tags" not in opened(tmp_path, {"accounts": {"source": "t.parquet"}}, "accounts")
    mapping = {"accounts": {"source": "t.parquet", "columns": {"industry": "tags"}}}
    with pytest.raises(ConfigError, match="a column tags of type array"):
        opened(tmp_path, mapping, "accounts")


def test_each_time_is_read_or_not_whatever_stands_above_it(opened: Opened, tmp_path: Path) -> None:
    expected = {
        "2024-01-05 10:11:12 Europe/Berlin": pd.NaT,
        "2024-01-06": pd.Timestamp("2024-01-06"),
        "2024/1/7 9:05": pd.Timestamp("2024-01-07 09:05"),
        "2024-01-08T10:00:00.5-0530": pd.Timestamp("2024-01-08 15:30:00.5"),
        "2024-01-08 10:00:00 UTC": pd.Timestamp("2024-01-08 10:00"),
        "2024": pd.NaT,
        "10:11": pd.NaT,
        "2024-02-30": pd.NaT,
        "1899-12-31": pd.NaT,
        "2200-12-31": pd.Timestamp("2200-12-31"),
    }
    write(tmp_path, "account_id,created_at\n" + "".join(f"{i},{text}\n" for i, text in enumerate(expected)))
    rows = opened(tmp_path, accounts(), "accounts")
    assert rows["created_at"].astype(object).tolist() == pd.Series(expected.values()).astype(object).tolist()
    unread = [text for text, at in expected.items() if at is pd.NaT]
    assert rows["_came_created_at"].dropna().tolist() == unread


def test_untidy_texts_of_a_parquet_file_are_tidied_and_letters_stay(opened: Opened, tmp_path: Path) -> None:
    texts = [" a ", "\tvf\n", "NULL", "-", "NA", "fv", "a b"]
    pd.DataFrame({"account_id": range(7), "industry": texts}).to_parquet(tmp_path / "t.parquet")
    rows = opened(tmp_path, {"accounts": {"source": "t.parquet"}}, "accounts")
    assert rows["industry"].fillna("nothing").tolist() == ["a", "vf", "nothing", "nothing", "NA", "fv", "a b"]


def test_minutes_beyond_all_times_are_a_mistake(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path, "case_id,account_id,opened_at,wait\nk,a,2024-01-01 23:30,1e14\n")
    columns = {"first_response_at": {"column": "opened_at", "plus_minutes": "wait"}}
    rows = opened(tmp_path, {"cases": {"source": "t.csv", "columns": columns}}, "cases")
    assert rows["first_response_at"].isna().tolist() == [True]


def test_nanoseconds_and_zones_of_a_parquet_file_become_plain_times(opened: Opened, tmp_path: Path) -> None:
    at = pd.to_datetime(["2024-01-05 10:11:12.123456789", None], format="ISO8601")
    local = at.tz_localize("UTC").tz_convert("Europe/Berlin").as_unit("us")
    frame = pd.DataFrame(
        {"subscription_id": [1, 2], "account_id": "a", "start_date": at.as_unit("ns"), "end_date": local}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    rows = opened(tmp_path, {"subscriptions": {"source": "t.parquet"}}, "subscriptions")
    for column in ("start_date", "end_date"):
        assert rows[column].tolist() == [pd.Timestamp("2024-01-05 10:11:12.123456"), pd.NaT]


def test_a_parquet_file_of_the_right_types_is_never_copied(tmp_path: Path) -> None:
    frame = pd.DataFrame({"activity_id": [1, 2], "account_id": "a", "occurred_at": pd.Timestamp("2024-01-05")})
    frame.assign(event="use", value=0.5).to_parquet(tmp_path / "t.parquet")
    with open_warehouse() as warehouse:
        rows = open_table(warehouse, Sources(location=str(tmp_path), tables=ACTIVITIES), "activities")
        assert rows.count().to_pyarrow().as_py() == 2
        assert list(warehouse.scratch.iterdir()) == []


def test_two_tables_of_one_csv_file_are_one_copy(tmp_path: Path) -> None:
    write(tmp_path, "activity_id,account_id,occurred_at,event\n1,a,2024-01-05,use\n")
    tables = {**ACTIVITIES, **accounts(one_per_key=True)}
    tables["activities"] = {"source": "t.csv"}
    with open_warehouse() as warehouse:
        for name in tables:
            open_table(warehouse, Sources(location=str(tmp_path), tables=tables), name)
        assert len(list(warehouse.scratch.glob("source-*.parquet"))) == 1
    assert not warehouse.scratch.exists()
