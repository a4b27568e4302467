"""A row as it is sent against the same row in a file: read alike, or refused alike."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from features.checks import read_tables
from features.incoming import read_row
from features.mapping import Sources
from features.sources import open_warehouse
from features.tables import TABLES

CASE = {"case_id": "c", "account_id": "a", "opened_at": "2026-01-31 09:30"}
VALUES: dict[str, list[str]] = {
    "opened_at": [
        "2026-01-31", "2026-1-3", "2026/01/31", "2026-01-31T09:30:00Z", "2026-01-31T09:30:00.123456+02:00",
        "2026-01-31 23:59:59.9999999", "2026-01-31T09:30:00-0530", "2026-01-31 24:00", "2026-02-30", "31.01.2026",
        "soon",
        "1850-01-01", "2201-01-01", "2026-01-31T09:30:00 UTC", "2026-01-31T9:3", "", "n/a",
    ],
    "reopened_count": ["2", " 3.5 ", "1e3", "-1", "1,5", "1e16", "NaN", "na", "inf", "0x10", "1 000", "-", ".5", "5."],
    "is_escalated": ["true", "Yes", "0", "1.0", "maybe", "F", "n/a", " no "],
    "category": ["billing", " spaced\t", "n/a", "NONE", "NA", "-", "", "ümläut", "a" * 300],
    "case_id": [" 7 ", "null", "x" * 20],
    "closed_at": ["2026-01-31T09:29", "2026-01-31T09:30", "2027-01-01", "never"],
}  # fmt: skip


@pytest.mark.parametrize("column", VALUES)
def test_texts_are_read_as_in_a_file(column: str, tmp_path: Any) -> None:
    rows = [{**CASE, "case_id": f"c{i}", column: text} for i, text in enumerate(VALUES[column])]
    rows.append({**CASE, "case_id": "sound"})
    pd.DataFrame(rows).to_csv(tmp_path / "cases.csv", index=False)
    pd.DataFrame({"account_id": ["a"]}).to_csv(tmp_path / "accounts.csv", index=False)
    sources = Sources(
        location=str(tmp_path),
        on_reject="drop",
        tables={"cases": {"source": "cases.csv"}, "accounts": {"source": "accounts.csv"}},  # type: ignore[dict-item]
    )
    with open_warehouse() as warehouse:
        rejects = read_tables(warehouse, sources).reject_rows()
        found = warehouse.tables["cases"].order_by("_row").drop("_row").to_pyarrow().to_pylist()
    sound = [{name: value for name, value in row.items() if value is not None} for row in found]
    came = [read_row(TABLES["cases"], row) for row in rows]
    assert [each.row for each in came if not each.problems] == sound
    assert {i + 1 for i, each in enumerate(came) if each.problems} == set(rejects["row"])


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (7.0, "7"), (True, "true"), (2**60, str(2**60)), (None, None), ("  ", None)]
)
def test_an_id_reads_the_same_as_number_and_text(value: Any, text: str | None) -> None:
    assert read_row(TABLES["cases"], {**CASE, "contact_id": value}).row.get("contact_id") == text


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e16, 10**400, True, [], {}])
def test_what_is_no_sane_number_is_refused(value: Any) -> None:
    ((column, problem),) = read_row(TABLES["cases"], {**CASE, "reopened_count": value}).problems
    assert column == "reopened_count"
    assert problem.endswith("expected a number of at least 0")


def test_columns_beyond_the_contract_are_kept_of_accounts_and_refused_elsewhere() -> None:
    row = {"account_id": "a", "segment": "mid", "seats": 3, "is_vip": True}
    assert read_row(TABLES["accounts"], row).row == {
        "account_id": "a",
        "segment": "mid",
        "seats": 3.0,
        "is_vip": "true",
    }
    (problem,) = read_row(TABLES["cases"], {**CASE, "catgory": "x"}).problems
    assert problem == ("catgory", "cases has no such column; did you mean 'category'? Leave it out")
    (problem,) = read_row(TABLES["accounts"], {"account_id": "a", "_row": 1}).problems
    assert problem == ("_row", "accounts has no such column; leave it out")
