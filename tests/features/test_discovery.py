from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.discovery import discover
from features.errors import ConfigError


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_tables_of_the_contract_are_recognised_by_name(tmp_path: Path):
    found = discover(write(tmp_path, accounts="account_id\na\n", contacts="contact_id,account_id\nc,a\n"))
    assert set(found.tables) == {"accounts", "contacts"}
    assert found.notes == []


def test_other_names_are_mapped_to_the_contracts(tmp_path: Path):
    text = "ticket_id,customer_id,submitted_at\n1,a,2024-01-05\n"
    found = discover(write(tmp_path, customers="customer_id\na\n", support_tickets=text))
    assert found.tables["cases"].columns == {
        "case_id": "ticket_id",
        "account_id": "customer_id",
        "opened_at": "submitted_at",
    }


def test_a_flat_file_with_a_churn_column_is_observations(tmp_path: Path):
    found = discover(write(tmp_path, telco="customerID,tenure,Churn\n1,3,Yes\n"))
    assert found.tables["observations"].columns == {"account_id": "customerID", "churned": "Churn"}


def test_semicolons_decimal_commas_and_day_first_dates_are_seen(tmp_path: Path):
    found = discover(write(tmp_path, accounts="account_id;employees;created_at\na;1,5;31.01.2024\nb;2,5;01.02.2024\n"))
    mapping = found.tables["accounts"]
    assert (mapping.delimiter, mapping.decimal, mapping.dates) == (";", ",", "day_first")


def test_dates_that_could_be_either_are_said_to_be(tmp_path: Path):
    found = discover(write(tmp_path, accounts="account_id,created_at\na,01/02/2024\n"))
    assert any("day first or month first" in note for note in found.notes)


def test_an_encoding_other_than_utf8_is_seen(tmp_path: Path):
    (tmp_path / "accounts.csv").write_bytes("account_id,industry\na,Café\n".encode("cp1252"))
    assert discover(tmp_path).tables["accounts"].encoding == "cp1252"


def test_a_label_among_the_accounts_columns_is_ignored_and_said(tmp_path: Path):
    found = discover(write(tmp_path, accounts="account_id,churn_flag\na,TRUE\n"))
    assert found.tables["accounts"].ignore == ("churn_flag",)
    assert any("may tell who left" in note for note in found.notes)


def test_usage_that_knows_only_the_subscription_goes_through_it(tmp_path: Path):
    found = discover(
        write(
            tmp_path,
            accounts="account_id\na\n",
            subscriptions="subscription_id,account_id,start_date\ns,a,2024-01-01\n",
            feature_usage="usage_id,subscription_id,usage_date,feature_name\nu,s,2024-02-01,export\n",
        )
    )
    through = found.tables["activities"].mapping("account_id").through
    assert (through.table, through.on) == ("subscriptions", "subscription_id")


def test_accounts_are_taken_from_events_where_no_file_lists_them(tmp_path: Path):
    text = "invoice_date,customer_id,quantity,price\n2024-01-01,a,1,2.5\n"
    found = discover(write(tmp_path, online_retail=text))
    assert found.tables["transactions"].mapping("amount").times == "price"
    assert found.tables["accounts"].one_per_key


def test_a_file_that_fits_nothing_is_left_out_and_said(tmp_path: Path):
    found = discover(write(tmp_path, accounts="account_id\na\n", weather="city,rain\nX,3\n"))
    assert found.notes == ["weather.csv: no table of the contract fits; left out"]


@pytest.mark.parametrize("make", [True, False])
def test_a_folder_without_files_or_none_at_all_is_refused(tmp_path: Path, make: bool):
    folder = tmp_path / "data"
    if make:
        folder.mkdir()
    with pytest.raises(ConfigError, match="data"):
        discover(folder)


def test_files_that_cannot_be_read_are_left_out_and_said(tmp_path: Path):
    write(tmp_path, accounts="account_id\na\n")
    (tmp_path / "cases.parquet").write_bytes(b"no parquet")
    (tmp_path / "empty.parquet").write_bytes(b"")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "nowhere")
    found = discover(tmp_path)
    assert set(found.tables) == {"accounts"}
    assert [note.partition(":")[0] for note in found.notes] == ["cases.parquet", "empty.parquet"]


def test_spaces_around_names_in_the_header_are_no_part_of_them(tmp_path: Path):
    found = discover(write(tmp_path, accounts=" Customer ID , x\n1,2\n"))
    assert found.tables["accounts"].columns == {"account_id": "Customer ID"}


def test_what_a_file_still_lacks_is_said(tmp_path: Path):
    found = discover(write(tmp_path, accounts="account_id\na\n", observations="account_id,use\na,3\n"))
    assert found.notes == ["observations.csv: it looks like observations but has no column for churned; left out"]


def write_days(folder: Path, **days: str) -> Path:
    folder.mkdir()
    return write(folder, **days)


def test_a_folder_of_files_with_the_same_header_is_one_table(tmp_path: Path):
    write(tmp_path, accounts="account_id\na\n")
    head = "ticket_id,customer_id,submitted_at\n"
    write_days(tmp_path / "support_tickets", d1=head + "1,a,01/02/2024\n", d2=head + "2,a,13/02/2024\n", d3="")
    write_days(tmp_path / "notes")
    (tmp_path / "notes" / "read.me").touch()
    found = discover(tmp_path)
    assert found.tables["cases"].source == "support_tickets/"
    assert found.tables["cases"].columns["opened_at"] == "submitted_at"
    assert found.tables["cases"].dates == "day_first"
    assert found.notes == ["support_tickets/: 3 files, read as one table in the order of their names"]


def test_a_folder_of_parquet_files_is_one_table(tmp_path: Path):
    (tmp_path / "accounts.parquet").mkdir()
    for day in ("1", "2"):
        pd.DataFrame({"account_id": [day]}).to_parquet(tmp_path / "accounts.parquet" / f"{day}.parquet")
    (tmp_path / "accounts.parquet" / "_SUCCESS").touch()
    assert discover(tmp_path).tables["accounts"].source == "accounts.parquet/"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("b.csv", b"account_id,x\nb,1\n", "got a.csv and b.csv with different columns"),
        ("b.csv", b"account_id;industry\nb;1\n", "got a.csv and b.csv with different columns"),
        ("b.parquet", b"", "got a.csv beside b.parquet"),
        ("b.csv", b"account_id,industry\nb,\xe4\n", "got a.csv, which is not cp1252 as others are"),
    ],
)
def test_a_folder_of_files_that_are_no_one_table_is_left_out_and_said(
    tmp_path: Path, name: str, content: bytes, why: str
):
    write(tmp_path, accounts="account_id\na\n")
    folder = write_days(tmp_path / "accounts_history", a="account_id,industry\na,ä\n")
    (folder / name).write_bytes(content)
    found = discover(tmp_path)
    assert found.tables["accounts"].source == "accounts.csv"
    assert [note for note in found.notes if note.startswith(f"accounts_history/: cannot be read as one table ({why}")]


def test_one_file_with_accents_says_the_encoding_of_its_folder(tmp_path: Path):
    folder = write_days(tmp_path / "accounts", a="account_id,industry\na,x\n")
    (folder / "b.csv").write_bytes("account_id,industry\nb,Café\n".encode("cp1252"))
    assert discover(tmp_path).tables["accounts"].encoding == "cp1252"
