"""What every room's tests share: tables written to a folder and opened as a warehouse, and Spark."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# Queries of a moment are over before Java has compiled them any better.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

Tables = dict[str, pd.DataFrame]
LOCAL = "local[2]"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Modules that use Spark are one scope of `--dist loadscope`: they share one Spark, for a start takes seconds."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class OneSpark(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "spark" if "/test_spark" in nodeid else str(super()._split_scope(nodeid))

    return OneSpark(config, log)


@pytest.fixture
def open_tables(tmp_path: Path) -> Iterator[Callable]:
    """A function that opens literal frames, named as in the contract, as a checked warehouse."""
    from features.checks import read_tables
    from features.mapping import Sources
    from features.sources import open_warehouse

    with ExitStack() as stack:

        def open_them(tables: Tables, on_reject: str = "fail"):
            folder = tmp_path / f"tables-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            for name, frame in tables.items():
                frame.to_parquet(folder / f"{name}.parquet")
            mapping = {name: {"source": f"{name}.parquet"} for name in tables}
            warehouse = stack.enter_context(open_warehouse())
            read_tables(warehouse, Sources(location=str(folder), on_reject=on_reject, tables=mapping))
            return warehouse

        yield open_them


@pytest.fixture
def small_company() -> Tables:
    """Three accounts with subscriptions, activities, cases and answers over 2024; b leaves on 1 October."""
    day = pd.Timestamp
    accounts = pd.DataFrame(
        {
            "account_id": ["a", "b", "c"],
            "created_at": pd.to_datetime(["2023-01-01", "2023-06-01", "2023-09-01"]),
            "industry": ["retail", "retail", "energy"],
            "employees": [10, 200, 3000],
        }
    )
    subscriptions = pd.DataFrame(
        {
            "subscription_id": ["s1", "s2", "s3"],
            "account_id": ["a", "b", "c"],
            "start_date": pd.to_datetime(["2023-01-01", "2023-06-01", "2023-09-01"]),
            "end_date": [pd.NaT, day("2024-10-01"), pd.NaT],
            "mrr": [100.0, 250.0, 900.0],
            "billing_period_months": [12, 1, 12],
        }
    )
    times = pd.date_range("2023-10-02 09:00", "2024-12-30", freq="5D")
    owners = ["a", "b", "c"]
    activities = pd.DataFrame(
        {
            "activity_id": [f"v{i}" for i in range(len(times))],
            "account_id": [owners[i % 3] for i in range(len(times))],
            "occurred_at": times,
            "event": ["login" if i % 2 else "export" for i in range(len(times))],
            "value": [float(i % 7) for i in range(len(times))],
        }
    )
    activities = activities[~((activities["account_id"] == "b") & (activities["occurred_at"] >= "2024-10-01"))]
    cases = pd.DataFrame(
        {
            "case_id": ["k1", "k2", "k3", "k0"],
            "account_id": ["b", "b", "a", "c"],
            "opened_at": pd.to_datetime(
                ["2024-06-10 08:00", "2024-08-01 08:00", "2024-11-01 08:00", "2024-01-10 08:00"]
            ),
            "first_response_at": pd.to_datetime(["2024-06-12 08:00", "2024-08-01 10:00", None, "2024-01-10 09:00"]),
            "closed_at": pd.to_datetime(["2024-06-20 08:00", None, None, "2024-01-11 08:00"]),
            "is_escalated": [True, False, False, False],
        }
    )
    answers = pd.DataFrame(
        {
            "response_id": ["r1", "r2", "r3"],
            "account_id": ["b", "a", "c"],
            "answered_at": pd.to_datetime(["2024-06-21", "2024-03-01", "2024-03-01"]),
            "metric": ["csat", "nps", "nps"],
            "score": [2.0, 9.0, 7.0],
        }
    )
    return {
        "accounts": accounts,
        "subscriptions": subscriptions,
        "activities": activities,
        "cases": cases,
        "survey_responses": answers,
    }


@pytest.fixture(scope="session")
def spark() -> Iterator[str]:
    """The master of a Spark that runs in this process; one for the whole run, since a start takes seconds."""
    _skip_without_spark()
    from features.spark import open_spark

    with open_spark(LOCAL):
        yield LOCAL


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The master of a standalone cluster on this machine: one master and two workers, each a process of its own."""
    _skip_without_spark()
    from experiments.benchmarks.spark_cluster import spark_cluster

    with spark_cluster() as master:
        yield master


@pytest.fixture(scope="session")
def on_cluster(cluster: str) -> Callable[[str], str]:
    """What runs Python source on the cluster and returns its output; `master` is its URL.

    The source runs in a process of its own, for a process holds one Spark only.
    """

    def run(source: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-c", f"master = {cluster!r}\n{source}"],
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def _skip_without_spark() -> None:
    if find_spec("pyspark") is None or not shutil.which("java"):
        pytest.skip("Spark is not here: it takes pip install 'perennial[spark]' and Java 17")
