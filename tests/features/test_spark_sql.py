"""Spark gives what DuckDB gives: the same findings, the same rejects, the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.checks import read_tables
from features.events import log_expression
from features.mapping import Sources
from features.sources import Warehouse, open_warehouse
from features.spark import open_spark

pytestmark = pytest.mark.slow

# Texts that engines left to themselves read each in its own way.
TIMES = (
    "2024-01-05",
    "2024-1-5",
    "2024-01-05 10:11",
    "2024-01-05T10:11:12",
    "2024-01-05 10:11:12.123456789",
    "2024-01-05 1:2:3",
    "2024-01-05T10:11:12Z",
    "2024-01-05T10:11:12+02:00",
    "2024-01-05 10:11:12-0530",
    "2024-01-05 10:11:12+02",
    "2024-01-05 10:11:12 UTC",
    "2024-01-05 10:11:12 Europe/Berlin",
    "2024-01-06 00:00:00",
    "2024/01/05 10:11",
    " 2024-01-05 ",
    "2024",
    "2024-01",
    "10:11",
    "T10:11:12",
    "2024-02-30",
    "2024-02-29",
    "2024-01-05 24:00:00",
    "2024-01-05 10",
    "2024-01-05T10:11:12 +02:00",
    "+2024-01-05",
    "12024-01-05",
    "0024-01-05",
    "1850-01-01",
    "2300-01-01",
    "epoch",
    "infinity",
    "now",
    "soon",
    "NaT",
    "n/a",
    "05.01.2024 10:11",
    "05/01/2024",
    "1704449472",
)
NUMBERS = ("1", " 1.5 ", ".5", "5.", "+1", "1e5", "1e-400", "1e400", "12 apples", "0x10", "0x1p3", "1d", "1.5F",
           "1_000", "1 000", "1,000", "1.234,5", "inf", "-Infinity", "NaN", "-nan", "NA", "--1", "1.2.3",
           "9007199254740993", "٣", "null", "-", "1e15", "1.1e15")  # fmt: skip
FLAGS = ("true", "T", "yes", " Y ", "1", "1.0", "false", "F", "no", "n", "0", "0.0", "maybe", "2", "NA", "None", "")
WORDS = ("plain", " spaced ", "\tvalue\t", "vf", "Ünï cödé", "NA", "n/a", "NULL", "None", "-", 'with "quotes"', "a,b")


def company(folder: Path) -> Sources:
    """Tables of every kind and in both formats, with mistakes of every kind, written to a folder."""
    rng = np.random.default_rng(0)
    n = 40
    ids = [f"a{i}" for i in range(n)]
    owners = rng.choice([*ids, "stranger"], 60)

    def some(values: tuple[str, ...] | list[str], size: int = 60) -> list[str]:
        return [values[i % len(values)] for i in range(size)]

    frames: dict[str, pd.DataFrame] = {}
    frames["accounts.parquet"] = pd.DataFrame(
        {
            "account_id": [*ids, "a3", " a4 ", None],
            "name": some(list(WORDS), n + 3),
            "parent_account_id": [None, *some(ids[:3], n + 2)],
            "created_at": pd.date_range("2020-01-01 01:02:03.456", periods=n + 3, freq="37h").as_unit("ns"),
            "industry": some(list(WORDS), n + 3),
            "employees": [*rng.integers(0, 500, n).astype(float), np.nan, np.inf, -1.0],
            "annual_revenue": [*rng.uniform(0, 1e6, n), None, 1e300, 2.0],
            "tier": some(["1", "2", "NA", "3"], n + 3),
            "score": [*map(str, range(n + 1)), "many", "inf"],
            "left_on": some(["2024-01-05", "2024-02-05"], n + 3),
            "is_public": some([True, False, None], n + 3),
            "rank": pd.array([*range(n + 2), None], dtype="Int64"),
            "weight": pd.Series(np.linspace(0, 1, n + 3), dtype="float32"),
        }
    )
    frames["account_changes.csv"] = pd.DataFrame(
        {
            "account_id": owners,
            "changed_at": some(["2024-03-01", "2024-04-01 10:00"]),
            "column": some(["industry", "employees", "plan"]),
            "old_value": some(["retail", "7", "x"]),
            "new_value": some(["energy", "9", "many"]),
        }
    )
    frames["contacts.csv"] = pd.DataFrame(
        {
            "contact_id": [f"c{i}" for i in range(60)],
            "account_id": owners,
            "role": some(["Other", "Boss", "Influencer", None]),
            "is_primary": some(list(FLAGS)),
            "active_from": some(list(TIMES)),
            "active_to": some(["2024-05-01", "2019-01-01", ""]),
        }
    )
    frames["subscriptions.parquet"] = pd.DataFrame(
        {
            "subscription_id": np.arange(60) // 2 * 2.0,
            "account_id": owners,
            "start_date": pd.to_datetime(some(["2023-01-01", "2023-06-01 12:00", "1800-01-01"]), format="ISO8601"),
            "end_date": pd.to_datetime(some(["2024-01-01", "2022-01-01", None]), format="ISO8601").tz_localize("UTC"),
            "mrr": some([100.0, -1.0, float("nan"), 3.25]),
            "quantity": some([3, 0, 5]),
            "is_auto_renew": some([1, 0, 7]),
            "billing_period_months": some(["monthly", "annual", "sometimes"]),
        }
    )
    frames["activities.csv"] = pd.DataFrame(
        {
            "use": [f"u{i}" for i in range(60)],
            "subscription": some([" 0", "2", "4", "77"]),
            "day": some([*TIMES[:11], "2024-01-07"]),
            "event": some(list(WORDS)),
            "direction": some(["in", "out", None]),
            "value": some(list(NUMBERS)),
        }
    )
    frames["transactions.csv"] = pd.DataFrame(
        {
            "account_id": owners,
            "occurred_at": some(["05.01.2024 10:11", "31/12/2023", "2024-01-05", "12/31/2023"]),
            "price": some(["1.234,5", "7", "12.50", "1,5", "x"]),
            "quantity": some(["1", "2", "-3"]),
            "is_return": some(list(FLAGS)),
        }
    )
    frames["cases.csv"] = pd.DataFrame(
        {
            "case_id": [f"k{i}" for i in range(60)],
            "account_id": owners,
            "opened_at": some(["2024-01-05 10:11:12.25", "2024-02-01"]),
            "wait": some(["74", "0.5", "1e14", "x", ""]),
            "closed_at": some(["2024-03-01 00:00:00.125", "2024-01-01", ""]),
            "priority": some(["high", "low"]),
            "is_escalated": some(["yes", "no"]),
            "reopened_count": some(["0", "2", "-1"]),
            "contact_id": some(["c1", "c2", "c999"]),
        }
    )
    frames["survey_invitations.csv"] = pd.DataFrame(
        {
            "invitation_id": [f"i{i}" for i in range(60)],
            "account_id": owners,
            "sent_at": some(["2024-01-05", "2024-02-05"]),
        }
    )
    frames["survey_responses.parquet"] = pd.DataFrame(
        {
            "response_id": np.arange(60),
            "account_id": owners,
            "answered_at": pd.to_datetime(some(["2024-02-06", "2024-03-07"])),
            "metric": some(["nps", "csat", "ces", "joy"]),
            "score": some([9.0, 3.0, 7.0, 11.0, float("nan")]),
            "invitation_id": some(["i1", "i2", "i1", "none"]),
            "scale_min": some([0.0, 1.0, None]),
            "scale_max": some([10.0, 5.0, 0.5]),
        }
    )
    frames["internal_ratings.csv"] = pd.DataFrame(
        {"account_id": owners, "rated_at": "2024-01-05", "score": some(list(NUMBERS)), "rater": "x"}
    )
    frames["interventions.csv"] = pd.DataFrame(
        {
            "intervention_id": [f"v{i}" for i in range(60)],
            "account_id": owners,
            "assigned_at": "2024-01-05",
            "kind": "call",
            "propensity": some(["0.5", "1.5"]),
            "is_holdout": some(["no", "yes"]),
            "delivered_at": "2024-01-06",
            "cost": "10",
        }
    )
    frames["observations.csv"] = pd.DataFrame(
        {
            "account_id": some(ids),
            "as_of": some(["2024-01-05", "", "2024-01-05"]),
            "churned": some(["yes", "no"]),
            "visits": some(["3", "4"]),
            "colour": some(["red", "blue"]),
        }
    )
    for name, frame in frames.items():
        frame.to_parquet(folder / name) if name.endswith("parquet") else frame.to_csv(folder / name, index=False)
    in_two_files(folder, frames["survey_responses.parquet"])
    row = {"row_number": True}
    period = {"column": "billing_period_months", "values": {"monthly": "1", "annual": "12"}}
    through = {"through": {"table": "subscriptions", "on": "subscription"}}
    columns: dict[str, dict[str, Any]] = {
        "account_changes": {"change_id": row},
        "subscriptions": {"billing_period_months": period},
        "activities": {"activity_id": "use", "account_id": through, "occurred_at": "day"},
        "transactions": {"transaction_id": row, "amount": {"column": "price", "times": "quantity"}},
        "cases": {"first_response_at": {"column": "opened_at", "plus_minutes": "wait"}},
        "internal_ratings": {"rating_id": row},
    }
    also = {
        "transactions": {"decimal": ",", "dates": "day_first"},
        "internal_ratings": {"only_where": "score"},
        "survey_invitations": {"one_per_key": True},
    }
    tables = {
        name.partition(".")[0]: {
            "source": name,
            "columns": columns.get(name.partition(".")[0], {}),
            **also.get(name.partition(".")[0], {}),
        }
        for name in frames
    }
    tables["survey_responses"]["source"] = "survey_responses/*.parquet"
    return Sources.model_validate({"location": str(folder), "tables": tables})


def in_two_files(folder: Path, frame: pd.DataFrame) -> None:
    """The same table in two files, the columns of the second in another order, of another type, and one fewer."""
    (folder / "survey_responses").mkdir()
    frame[:35].to_parquet(folder / "survey_responses" / "1.parquet")
    other = frame[35:].assign(response_id=lambda rows: rows["response_id"].astype("int32"))
    other.drop(columns="invitation_id").iloc[:, ::-1].to_parquet(folder / "survey_responses" / "2.parquet")


def sorted_rows(table: Any) -> list[tuple[str, ...]]:
    return sorted(tuple(map(repr, row.values())) for row in table.to_pyarrow().to_pylist())


@pytest.fixture(scope="module")
def read_on_both(spark: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """For each engine: the reading, the rows of each table, and the event log."""
    sources = company(tmp_path_factory.mktemp("company"))

    def read(warehouse: Warehouse) -> tuple[Any, dict[str, Any], Any]:
        reading = read_tables(warehouse, sources)
        rows = {name: sorted_rows(table) for name, table in warehouse.tables.items()}
        return reading, rows, sorted_rows(log_expression(warehouse.tables))

    with open_warehouse() as duckdb, open_spark(spark) as on_spark:
        return read(duckdb), read(on_spark)


def test_both_engines_find_the_same_mistakes(read_on_both) -> None:
    (one, _, _), (other, _, _) = read_on_both
    assert len(one.findings) > 20
    assert other.findings == one.findings


def test_both_engines_reject_the_same_rows_in_the_same_words(read_on_both) -> None:
    (one, _, _), (other, _, _) = read_on_both
    pd.testing.assert_frame_equal(other.reject_rows(), one.reject_rows())


def test_both_engines_keep_the_same_rows(read_on_both) -> None:
    (_, one, _), (_, other, _) = read_on_both
    for name, rows in one.items():
        assert rows
        assert other[name] == rows, name


def test_both_engines_tell_of_the_same_events(read_on_both) -> None:
    (_, _, one), (_, _, other) = read_on_both
    assert len(one) > 500
    assert other == one
