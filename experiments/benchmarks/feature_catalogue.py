"""The full catalogue: how its build grows with events and cutoffs, one more day, one account, and Spark."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np

from experiments.benchmarks.child import Run, measured
from experiments.benchmarks.feature_plan import DATES, PRODUCT, Plan, figures_of, fresh, seconds, size, warm
from experiments.benchmarks.feature_tables import table_folder
from experiments.benchmarks.report import Figure
from experiments.benchmarks.spark_cluster import spark_cluster
from experiments.benchmarks.yardsticks.agreement import differing

CUTOFF_COUNTS = (1, 3, 6, 12)
ONLINE_EVENTS, ONLINE_ACCOUNTS = 500, 300


def catalogue(plan: Plan) -> Iterator[Figure]:
    """Yield the figures of the full catalogue on all three sizes of data."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        small = build(plan.small, home)
        yield from figures_of(f"catalogue.{size(plan.small)}", [small])
        if plan.is_full:
            yield from on_spark(plan.small, home)
        yield from day_like_full_build(plan.small, home)
        middle = by_cutoffs(plan, home)
        for count, runs in middle.items():
            yield from figures_of(f"catalogue.{size(plan.middle)}.{count}_cutoffs", runs)
        yield from one_more_cutoff(plan, middle)
        yield from online(plan)
        large = build(plan.large, home)
        keep_state(home)
        days = {"one_more_day": add_day(plan.large, home), "one_day_rewritten": rewrite_day(plan.large, home)}
        yield from _of_large(plan, small, large, days)


def build(events: int, home: Path, cutoffs: int = len(DATES)) -> Run:
    """Return a full build at the last so many cutoffs, its panel in `home/panel`, its state in `home/state`."""
    folder = warm(exported(table_folder(events), fresh(home / "tables")))
    out, state = fresh(home / "panel"), fresh(home / "state")
    return measured(f"{PRODUCT}:write_full_catalogue", folder, DATES[-cutoffs:], out, state)


def exported(folder: Path, target: Path) -> Path:
    """Put each table into a folder of its own, as daily exports have it, with all of it in one file."""
    for path in folder.glob("*.parquet"):
        (target / path.stem).mkdir()
        os.link(path, target / path.stem / "history.parquet")
    return target


def add_day(events: int, home: Path) -> Run:
    """Return what bringing the panel up to date took, once the day's export lies beside the others."""
    for path in (table_folder(events) / "day").glob("*.parquet"):
        shutil.copy(path, home / "tables" / path.stem / "later-day.parquet")
    return measured(f"{PRODUCT}:write_full_catalogue", warm(home / "tables"), DATES, home / "panel", home / "state")


def rewrite_day(events: int, home: Path) -> Run:
    """Return what it took where every table was exported anew with the day in it."""
    folder = warm(with_the_day(table_folder(events), home / "rewritten"))
    return measured(f"{PRODUCT}:write_full_catalogue", folder, DATES, fresh(home / "again"), home / "state-before")


def _of_large(plan: Plan, small: Run, large: Run, days: dict[str, Run]) -> Iterator[Figure]:
    name = f"catalogue.{size(plan.large)}"
    scan = measured("experiments.benchmarks.yardsticks.scan:scan", table_folder(plan.large))
    yield Figure(f"{name}.features", large.answer, "features")
    yield Figure(f"{name}.seconds", large.seconds, "s", plan.bar("<= 180"))
    yield Figure(f"{name}.memory", large.gigabytes, "GB", plan.bar("<= 4"))
    yield Figure(f"{name}.duckdb_scan.seconds", scan.seconds, "s")
    yield Figure(f"{name}.over_duckdb_scan", large.seconds / scan.seconds, "x")
    bar = plan.bar(f"<= {plan.large / plan.small:g}")
    growth = large.seconds / small.seconds
    yield Figure(f"catalogue.growth_{size(plan.small)}_to_{size(plan.large)}", growth, "x", bar)
    for how, day in days.items():
        yield from figures_of(f"{name}.{how}", [day])
        bar = plan.bar("<= 0.1") if how == "one_more_day" else None
        yield Figure(f"{name}.{how}.share", day.seconds / large.seconds, "share", bar)


def keep_state(home: Path) -> None:
    """Keep the state as it is, in `home/state-before`; files are never written in place, so names are enough."""
    shutil.rmtree(home / "state-before", ignore_errors=True)
    shutil.copytree(home / "state", home / "state-before", copy_function=os.link)


def by_cutoffs(plan: Plan, home: Path) -> dict[int, list[Run]]:
    """Return builds on the middle data by their number of cutoffs, in turns."""
    runs: dict[int, list[Run]] = {count: [] for count in CUTOFF_COUNTS}
    for _ in range(plan.rounds):
        for count in CUTOFF_COUNTS:
            runs[count].append(build(plan.middle, home, count))
    return runs


def one_more_cutoff(plan: Plan, runs: dict[int, list[Run]]) -> Iterator[Figure]:
    """Yield what one more cutoff costs, as a share of a build with one, and of one with all."""
    first, last = min(runs), max(runs)
    more = (seconds(runs[last]) - seconds(runs[first])) / (last - first)
    name = f"catalogue.{size(plan.middle)}.one_more_cutoff"
    # Of the build with all cutoffs it can hardly be more than a tenth of twelve: the first of the two is the test.
    yield Figure(f"{name}.share_of_first", more / seconds(runs[first]), "share", plan.bar("<= 0.1"))
    yield Figure(f"{name}.share_of_whole", more / seconds(runs[last]), "share", plan.bar("<= 0.1"))


def online(plan: Plan) -> Iterator[Figure]:
    """Yield how long one account takes, of those with about 500 events."""
    folder = table_folder(plan.middle)
    accounts = accounts_of_size(folder, ONLINE_EVENTS, ONLINE_ACCOUNTS)
    times = measured(f"{PRODUCT}:online_times", folder, accounts, DATES[-1]).answer
    yield Figure("online.accounts", len(times), "accounts")
    yield Figure("online.p50", float(np.percentile(times, 50)), "ms", plan.bar("<= 1"))
    yield Figure("online.p99", float(np.percentile(times, 99)), "ms", plan.bar("<= 5"))


def accounts_of_size(folder: Path, events: int, count: int) -> list[str]:
    """Return the accounts with the nearest to so many events in the log; a case makes four of them."""
    tables = {"activities": 1, "transactions": 1, "cases": 4, "survey_invitations": 1, "survey_responses": 1}
    rows = " UNION ALL ".join(
        f"SELECT account_id, {weight} AS n FROM read_parquet('{folder / name}.parquet')"  # noqa: S608
        for name, weight in tables.items()
    )
    nearest = f"SELECT account_id FROM ({rows}) GROUP BY 1 ORDER BY abs(sum(n) - ?), 1 LIMIT ?"  # noqa: S608
    with duckdb.connect() as engine:
        return [account for (account,) in engine.execute(nearest, [events, count]).fetchall()]


def day_like_full_build(events: int, home: Path) -> Iterator[Figure]:
    """Yield in how many columns a panel with a day added differs, in any bit, from one built anew."""
    keep_state(home)
    add_day(events, home)
    rewrite_day(events, home)
    with tempfile.TemporaryDirectory() as scratch:
        out, state = (fresh(Path(scratch) / name) for name in ("panel", "state"))
        measured(f"{PRODUCT}:write_full_catalogue", home / "tables", DATES, out, state)
        for how, panel in (("one_more_day", home / "panel"), ("one_day_rewritten", home / "again")):
            n = len(differing(panel, out, to_the_bit=True))
            yield Figure(f"catalogue.{size(events)}.{how}.unlike_full_build", n, "columns", "== 0")


def with_the_day(folder: Path, target: Path) -> Path:
    """Write the tables of a folder with the rows of its further day, and return where."""
    fresh(target)
    with duckdb.connect() as engine:
        for path in folder.glob("*.parquet"):
            files = [str(path), str(folder / "day" / path.name)]
            there = [file for file in files if Path(file).exists()]
            copy = f"COPY (FROM read_parquet({there})) TO '{target / path.name}' (FORMAT parquet, COMPRESSION zstd)"
            engine.execute(copy)
    return target


def on_spark(events: int, home: Path) -> Iterator[Figure]:
    """Yield the seconds of the same build on a Spark cluster, and in how many columns it differs in any bit."""
    name = f"spark.{size(events)}"
    if shutil.which("java") is None:
        yield Figure("spark.ran", 0, "1 is yes")
        return
    out = fresh(home / "spark")
    with spark_cluster() as master:
        run = measured(f"{PRODUCT}:spark_rows", table_folder(events), DATES, out, master)
    yield Figure(f"{name}.seconds", run.seconds, "s")
    n = len(differing(home / "panel", out, to_the_bit=True))
    yield Figure(f"{name}.unlike_in_process", n, "columns", "== 0")
