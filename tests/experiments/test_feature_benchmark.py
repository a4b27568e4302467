"""The benchmark of features: its data, the hand-written sides against brute force, and what it makes of a product."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("polars", reason="the yardsticks need polars")

from experiments.benchmarks import feature_catalogue, feature_peers
from experiments.benchmarks.child import Run, measured
from experiments.benchmarks.feature_catalogue import accounts_of_size, catalogue, one_more_cutoff, with_the_day
from experiments.benchmarks.feature_data import write_events
from experiments.benchmarks.feature_plan import FULL, Plan
from experiments.benchmarks.feature_tables import NEW_DAY, write_tables
from experiments.benchmarks.yardsticks import duckdb_features, pandas_features, polars_features
from experiments.benchmarks.yardsticks.agreement import differing
from experiments.benchmarks.yardsticks.columns import COLUMNS, WINDOWS, edges
from experiments.benchmarks.yardsticks.scan import scan

SIDES = {"polars": polars_features, "duckdb": duckdb_features, "pandas": pandas_features}
CUTOFFS = ["2024-01-01", "2024-02-01", "2024-12-01"]


def day(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A handful of accounts with events on and around every edge of a window, and one account without any."""
    folder = tmp_path_factory.mktemp("log")
    rng = np.random.default_rng(1)
    at = [day("2024-02-01") - timedelta(days=w) + timedelta(microseconds=e) for w in (0, *WINDOWS) for e in (-1, 0, 1)]
    at += [day("2023-01-01") + timedelta(days=float(d)) for d in rng.uniform(0, 729, 200)]
    kind = rng.choice(["usage", "case", "purchase", "login", "call"], len(at))
    value = np.where((kind == "login") | (rng.random(len(at)) < 0.2), np.nan, rng.uniform(1, 900, len(at)))
    account = np.where(np.arange(len(at)) < 18, "A", rng.choice(["A", "B", "C", "D"], len(at)))
    events = pd.DataFrame({"event_id": range(len(at)), "account_id": account, "at": at, "kind": kind, "value": value})
    events.astype({"at": "datetime64[us]"}).to_parquet(folder / "events.parquet")
    pd.DataFrame({"account_id": list("ABCDE")}).to_parquet(folder / "accounts.parquet")
    return folder


def by_hand(events: pd.DataFrame, as_of: datetime) -> dict[str, float]:
    """The 43 columns of one account as they are defined, event by event."""
    found = {}
    known = [event for event in events.itertuples() if event.at < as_of]
    for days in WINDOWS:
        seen = [event for event in known if event.at >= as_of - timedelta(days=days)]
        values = [event.value for event in seen if event.value == event.value]
        of_kind = {kind: [e.value for e in seen if e.kind == kind and e.value == e.value] for kind in set(events.kind)}
        found |= {
            f"events_{days}d": len(seen),
            f"total_{days}d": sum(values),
            f"mean_{days}d": sum(values) / len(values) if values else np.nan,
            f"kinds_{days}d": len({event.kind for event in seen}),
            f"cases_{days}d": sum(event.kind == "case" for event in seen),
            f"usage_{days}d": sum(of_kind.get("usage", [])),
            f"purchases_{days}d": sum(of_kind.get("purchase", [])),
            f"largest_{days}d": max(values, default=np.nan),
        }
    ages = [(as_of - event.at) / timedelta(days=1) for event in known]
    found["recency_days"] = min(ages, default=np.nan)
    found["trend"] = found["events_30d"] / found["events_180d"] if found["events_180d"] else np.nan
    decayed = [event.value * 0.5 ** (age / 30) for event, age in zip(known, ages, strict=True)]
    found["decayed_total"] = sum(value for value in decayed if value == value)
    return found


@pytest.mark.parametrize("side", SIDES)
def test_a_hand_written_side_gives_what_the_definitions_give(side: str, log: Path, tmp_path: Path) -> None:
    SIDES[side].write(str(log), CUTOFFS, str(tmp_path))
    panel = pd.read_parquet(tmp_path).set_index(["account_id", "as_of"])
    assert list(panel.columns) == list(COLUMNS)
    assert len(panel) == 5 * len(CUTOFFS)
    events = pd.read_parquet(log / "events.parquet")
    for account in "ABCDE":
        for cutoff in CUTOFFS:
            expected = by_hand(events[events["account_id"] == account], day(cutoff))
            came = panel.loc[(account, day(cutoff))].to_dict()
            assert came == pytest.approx(expected, rel=1e-6, nan_ok=True), (account, cutoff)


def test_all_sides_agree_on_seeded_events(tmp_path: Path) -> None:
    write_events(tmp_path, 20_000)
    for name, side in SIDES.items():
        (tmp_path / name).mkdir()
        side.write(str(tmp_path), [f"2024-{month:02}-01" for month in range(1, 13)], str(tmp_path / name))
    assert differing(tmp_path / "polars", tmp_path / "duckdb") == []
    assert differing(tmp_path / "polars", tmp_path / "pandas") == []


def test_every_window_is_a_run_of_whole_stretches() -> None:
    ends = edges([400, 430])
    assert all(cutoff - days in ends for cutoff in (400, 430) for days in (0, *WINDOWS))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        write_events(tmp_path / name, 5000, seed)
        write_tables(tmp_path / name, 5000, seed)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.parquet"))
    assert len(files) > 15
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()
    for name in ("events", "activities"):
        file = f"{name}.parquet"
        assert (tmp_path / "one" / file).read_bytes() != (tmp_path / "other" / file).read_bytes()


def test_the_log_has_its_size_a_heavy_tail_and_days_in_order(tmp_path: Path) -> None:
    write_events(tmp_path, 50_000)
    events = pd.read_parquet(tmp_path / "events.parquet")
    assert len(events) == 50_000
    assert events["at"].dt.floor("D").is_monotonic_increasing
    assert not events["at"].is_monotonic_increasing
    a_account = events["account_id"].value_counts()
    assert a_account.iloc[: len(a_account) // 10].sum() > 0.3 * len(events)
    assert events.groupby("kind")["value"].count().eq(0).sum() == 4


def test_every_declared_feature_can_be_computed_from_the_tables(tmp_path: Path) -> None:
    from features.catalog import available, catalogue
    from features.checks import fail_on_rejects, read_tables
    from features.events import log_expression
    from features.inventory import inventory
    from features.mapping import Sources
    from features.sources import open_warehouse

    write_tables(tmp_path, 20_000)
    tables = {path.stem: {"source": path.name} for path in tmp_path.glob("*.parquet")}
    with open_warehouse() as warehouse:
        fail_on_rejects(read_tables(warehouse, Sources(location=str(tmp_path), tables=tables)), "fail")
        there = {feature.name for feature in available(inventory(warehouse))}
        n_events = log_expression(warehouse.tables).count().to_pyarrow().as_py()
    assert {feature.name for feature in catalogue()} - there == set()
    assert 18_000 < n_events < 24_000


def test_one_more_day_adds_rows_of_that_day_and_some_that_come_late(tmp_path: Path) -> None:
    write_tables(tmp_path, 100_000)
    (tmp_path / "whole").mkdir()
    with_the_day(tmp_path, tmp_path / "whole")
    more = pd.read_parquet(tmp_path / "day" / "activities.parquet")
    on_the_day = more["occurred_at"].dt.floor("D") == pd.Timestamp(NEW_DAY)
    assert 0.9 < on_the_day.mean() < 1
    assert (more["occurred_at"] < pd.Timestamp(NEW_DAY) + pd.Timedelta(days=1)).all()
    whole = pd.read_parquet(tmp_path / "whole" / "activities.parquet")
    assert len(whole) == len(pd.read_parquet(tmp_path / "activities.parquet")) + len(more)
    assert whole["activity_id"].is_unique
    assert scan(str(tmp_path / "whole")) == sum(len(pd.read_parquet(p)) for p in (tmp_path / "whole").iterdir())


def test_accounts_are_chosen_by_how_many_events_they_have(tmp_path: Path) -> None:
    write_tables(tmp_path, 50_000)
    chosen = accounts_of_size(tmp_path, 200, 5)
    activities = pd.read_parquet(tmp_path / "activities.parquet")["account_id"].value_counts()
    assert len(chosen) == 5
    assert activities[chosen].between(100, 200).all()


def test_sides_that_differ_are_told_apart(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"account_id": ["a", "b"], "as_of": pd.to_datetime(["2024-01-01"] * 2), "n": [1.0, np.nan], "s": ["x", None]}
    )
    others = {
        "same": rows.iloc[::-1],
        "close": rows.assign(n=[1.0 + 1e-7, np.nan]),
        "number": rows.assign(n=[1.1, np.nan]),
        "filled": rows.assign(n=[1.0, 0.0]),
        "text": rows.assign(s=["y", None]),
        "fewer": rows.iloc[:1],
        "wider": rows.assign(extra=1.0),
    }
    for name, frame in {"rows": rows, **others}.items():
        (tmp_path / name).mkdir()
        frame.to_parquet(tmp_path / name / "part.parquet", index=False)
    found = {name: differing(tmp_path / "rows", tmp_path / name) for name in others}
    assert found == {
        "same": [], "close": [], "number": ["n"], "filled": ["n"], "text": ["s"], "fewer": ["as_of", "account_id"],
        "wider": ["extra"],
    }  # fmt: skip
    assert differing(tmp_path / "rows", tmp_path / "close", to_the_bit=True) == ["n"]
    assert differing(tmp_path / "rows", tmp_path / "wider", within=["n", "s"]) == []


def test_a_side_is_measured_in_a_process_of_its_own() -> None:
    import os

    run = measured("os:getpid")
    assert run.answer != os.getpid()
    assert 0 < run.seconds < 60
    assert 0.005 < run.gigabytes < 0.2


def test_a_side_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="math domain error"):
        measured("math:sqrt", -1)


def test_one_more_cutoff_is_held_against_a_build_with_one() -> None:
    runs = {1: [Run(None, 10.0, 1.0)], 12: [Run(None, 21.0, 1.0)]}
    of_first, of_whole = one_more_cutoff(FULL, runs)
    assert (of_first.value, of_first.holds) == (pytest.approx(0.1), True)
    assert of_whole.value == pytest.approx(1 / 21)
    steep, _ = one_more_cutoff(FULL, {1: [Run(None, 1.0, 1.0)], 12: [Run(None, 12.0, 1.0)]})
    assert steep.holds is False


def write_a_count(folder: str, cutoffs: list[str], out: str, state: str) -> int:
    """A product of one feature: how much each account did before each cutoff."""
    files = [*Path(folder).glob("activities.parquet"), *Path(folder).glob("activities/*.parquet")]
    activities = pd.concat([pd.read_parquet(file) for file in files])
    for cutoff in cutoffs:
        before = activities[activities["occurred_at"] < cutoff]
        rows = before.groupby("account_id").size().rename("activities").reset_index()
        rows.assign(as_of=pd.Timestamp(cutoff)).to_parquet(f"{out}/{cutoff}.parquet", index=False)
    return 1


def forgets_the_day(folder: str, cutoffs: list[str], out: str, state: str) -> int:
    """Do nothing where a panel is kept."""
    return 1 if any(Path(out).iterdir()) else write_a_count(folder, cutoffs, out, state)


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable]:
    """A stand-in for the product; every side is called here instead of in a process of its own."""
    functions: dict[str, Callable] = {
        "write_43_columns": polars_features.write,
        "write_full_catalogue": write_a_count,
        "online_times": lambda folder, accounts, cutoff: [0.5 for _ in accounts],
    }

    def called(function: str, *given: object) -> Run:
        module, _, name = function.partition(":")
        sides = functions if module == "product" else vars(importlib.import_module(module))
        return Run(sides[name](*json.loads(json.dumps(given, default=str))), 1.0, 1.0)

    for part in (feature_catalogue, feature_peers):
        monkeypatch.setattr(part, "measured", called)
    monkeypatch.setattr(feature_catalogue, "PRODUCT", "product")
    monkeypatch.setitem(feature_peers.SIDES, "perennial", "product:write_43_columns")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return functions


def test_a_product_is_measured_on_all_sizes_and_a_day_added_equals_a_full_build(product: dict[str, Callable]) -> None:
    plan = Plan(2000, 4000, 6000)
    figures = {figure.name: figure for figure in (*feature_peers.columns(plan), *catalogue(plan))}
    assert figures["columns.2k.perennial.unlike_polars"].holds is True
    assert figures["columns.2k.pandas.unlike_polars"].holds is True
    assert figures["columns.6k.perennial_over_polars"].value == 1
    assert figures["catalogue.6k.features"].value == 1
    assert figures["catalogue.2k.one_more_day.unlike_full_build"].value == 0
    assert figures["catalogue.2k.one_day_rewritten.unlike_full_build"].value == 0
    assert figures["catalogue.6k.one_more_day.share"].value == 1
    assert {f"catalogue.4k.{n}_cutoffs.seconds" for n in (1, 3, 6, 12)} <= set(figures)
    assert figures["online.p99"].value == 0.5


def test_a_product_that_forgets_the_day_is_found_out(product: dict[str, Callable], tmp_path: Path) -> None:
    feature_catalogue.build(2000, tmp_path)
    product["write_full_catalogue"] = forgets_the_day
    beside, _ = feature_catalogue.day_like_full_build(2000, tmp_path)
    assert (beside.name, beside.holds) == ("catalogue.2k.one_more_day.unlike_full_build", False)


EXECUTORS = """
def count(master):
    from pyspark.sql import SparkSession

    options = {"spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false"}
    session = SparkSession.builder.master(master).config(map=options).getOrCreate()
    try:
        parts = session.sparkContext.parallelize(range(8), 8)
        return len(set(parts.map(lambda _: (__import__("time").sleep(1), __import__("os").getppid())[1]).collect()))
    finally:
        session.stop()
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="no Java, which Spark runs on")
def test_a_spark_cluster_has_two_executors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark", reason="no pyspark")
    from experiments.benchmarks.spark_cluster import spark_cluster

    (tmp_path / "executors.py").write_text(EXECUTORS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with spark_cluster() as master:
        assert measured("executors:count", master).answer == 2
