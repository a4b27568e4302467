from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.checks import fail_on_rejects, read_tables
from features.errors import ConfigError, DataError
from features.mapping import Sources
from features.sources import open_warehouse

ACCOUNTS = pd.DataFrame({"account_id": ["a", "b"]})


@pytest.fixture
def read(open_engine, tmp_path):
    """What reads and checks tables given as frames or as the text of CSV files."""

    def read_them(tables: dict[str, pd.DataFrame | str]):
        mapping = {}
        for name, frame in tables.items():
            text = frame if isinstance(frame, str) else frame.to_csv(index=False)
            (tmp_path / f"{name}.csv").write_text(text)
            mapping[name] = {"source": f"{name}.csv"}
        with open_engine() as warehouse:
            reading = read_tables(warehouse, Sources(location=str(tmp_path), tables=mapping))
            kept = {name: table.to_pyarrow().to_pandas() for name, table in warehouse.tables.items()}
        return reading, kept

    return read_them


@pytest.mark.parametrize(
    ("table", "rows", "column", "came", "what"),
    [
        ("accounts", "account_id,employees\na,5\nb,-1\n", "employees", "-1.0", "out of range"),
        ("accounts", "account_id,employees\na,5\nb,many\n", "employees", "many", "not a number of at least 0"),
        ("accounts", "account_id,employees\na,5\nb,inf\n", "employees", "inf", "not a number of at least 0"),
        ("accounts", "account_id,created_at\na,2024-01-01\nb,2024-02-30\n", "created_at", "2024-02-30", "not a date"),
        ("accounts", "account_id,created_at\na,2024-01-01\nb,soon\n", "created_at", "soon", "not a date"),
        ("accounts", "account_id,plan\na,x\na,y\n", "account_id", "a", "the key stood before"),
        ("contacts", "contact_id,account_id,role\n1,a,Other\n2,a,Boss\n", "role", "Boss", "not one of"),
        ("contacts", "contact_id,account_id\n1,a\n2,zzz\n", "account_id", "zzz", "no such account"),
        ("contacts", "contact_id,account_id\n1,a\n2,\n", "account_id", None, "missing"),
        (
            "subscriptions",
            "subscription_id,account_id,start_date,end_date\n1,a,2024-01-01,\n2,a,2024-05-01,2024-04-01\n",
            "end_date",
            "2024-04-01 00:00:00",
            "before start_date",
        ),
        (
            "survey_responses",
            "response_id,account_id,answered_at,metric,score,scale_min,scale_max\n"
            "1,a,2024-01-01,csat,4,1,5\n2,a,2024-01-01,csat,9,1,5\n",
            "score",
            "9.0",
            "outside its scale",
        ),
        (
            "transactions",
            "transaction_id,account_id,occurred_at,amount\n1,a,2024-01-01,3\n2,a,2024-01-01,1e300\n",
            "amount",
            "1e300",
            "not a number",
        ),
    ],
)
def test_a_bad_row_is_rejected_with_what_came(read, table: str, rows: str, column: str, came: str, what: str):
    reading, kept = read({"accounts": ACCOUNTS, table: rows})
    finding = next(finding for finding in reading.findings if finding.column == column)
    assert (finding.table, finding.severity, finding.n) == (table, "error", 1)
    assert what in finding.what
    reject = reading.reject_rows().iloc[0]
    assert reject["row"] == 2
    assert (pd.isna(reject["came"]) and came is None) or reject["came"] == came
    assert len(kept[table]) == 1


def test_a_bad_row_stops_the_work_unless_told_to_drop(read):
    reading, _ = read({"accounts": "account_id,employees\na,5\nb,many\n"})
    with pytest.raises(DataError, match=r"accounts row 2 \(b\), employees: 'many', expected a number of at least 0"):
        fail_on_rejects(reading, "fail")
    fail_on_rejects(reading, "drop")


def test_a_table_of_only_bad_rows_is_refused_even_when_dropping(read):
    with pytest.raises(DataError, match=r"accounts, every row of which is rejected \(employees"):
        read({"accounts": "account_id,employees\na,x\nb,y\n"})


def test_sound_tables_have_no_findings(read):
    reading, kept = read({"accounts": ACCOUNTS, "contacts": "contact_id,account_id\n1,a\n"})
    assert reading.findings == []
    assert reading.reject_rows().empty
    assert len(kept["accounts"]) == 2


def test_without_accounts_or_observations_nothing_can_be_done(read):
    with pytest.raises(ConfigError, match="expected accounts, or observations"):
        read({"contacts": "contact_id,account_id\n1,a\n"})


def test_observations_may_repeat_an_account_at_another_date_only(read):
    text = "account_id,as_of,churned\na,2024-01-01,yes\na,2024-02-01,no\na,2024-02-01,no\n"
    reading, kept = read({"observations": text})
    assert [finding.what for finding in reading.findings] == ["the key stood before"]
    assert kept["observations"]["churned"].tolist() == [True, False]


def test_a_mistake_among_numbers_beyond_the_contract_is_rejected_not_the_column(read):
    rows = "account_id,spend\n" + "".join(f"a{i},{i}\n" for i in range(40)) + "x,inf\n"
    reading, kept = read({"accounts": rows})
    assert [(finding.column, finding.what, finding.n) for finding in reading.findings] == [("spend", "not a number", 1)]
    assert reading.reject_rows()["came"].tolist() == ["inf"]
    assert kept["accounts"]["spend"].tolist() == [float(i) for i in range(40)]


def test_a_table_beyond_memory_is_checked_and_its_mistakes_named_by_their_rows(tmp_path):
    n, name = 600_000, "activity-{:036d}".format
    ids = [name(i) for i in range(n)]
    ids[400_000], ids[500_000] = ids[7], ids[7]
    owners = ["a"] * n
    owners[450_000] = "stranger"
    rows = {
        "activity_id": ids,
        "account_id": owners,
        "occurred_at": [pd.Timestamp("2024-01-05")] * n,
        "event": ["x"] * n,
    }
    pq.write_table(pa.table(rows), tmp_path / "activities.parquet", row_group_size=20_000)
    ACCOUNTS.to_parquet(tmp_path / "accounts.parquet")
    tables = {table: {"source": f"{table}.parquet"} for table in ("accounts", "activities")}
    # The keys alone are 30 MB, and what counts them several times that.
    with open_warehouse("60MB", 2) as warehouse:
        rejects = read_tables(warehouse, Sources(location=str(tmp_path), tables=tables)).reject_rows()
        assert warehouse.tables["activities"].count().to_pyarrow().as_py() == n - 3
    assert rejects["row"].tolist() == [400_001, 500_001, 450_001]
    assert rejects["came"].tolist() == [name(7), name(7), "stranger"]
