"""The same 43 columns by Perennial, Polars, DuckDB, pandas and Featuretools: equal first, then how fast."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.benchmarks.child import Run, measured
from experiments.benchmarks.environment import call, python_with
from experiments.benchmarks.feature_data import event_folder
from experiments.benchmarks.feature_plan import DATES, PRODUCT, Plan, figures_of, fresh, seconds, size, warm
from experiments.benchmarks.report import Figure
from experiments.benchmarks.yardsticks.agreement import differing
from experiments.benchmarks.yardsticks.columns import COLUMNS

PERENNIAL, POLARS, DUCKDB, PANDAS = "perennial", "polars", "duckdb", "pandas"
# Polars twice: the quickest way that was found, and partial sums by day, as one would write it first.
BANDS = "polars_bands"
SIDES = {name: f"experiments.benchmarks.yardsticks.{name}_features:write" for name in (POLARS, BANDS, DUCKDB, PANDAS)}
SIDES[PERENNIAL] = f"{PRODUCT}:write_43_columns"
FEATURETOOLS_PACKAGES = ("featuretools>=1.31", "pandas<3", "pyarrow", "setuptools")
FEATURETOOLS = Path(__file__).parent / "yardsticks" / "featuretools_features.py"

Runs = dict[str, list[Run]]


def columns(plan: Plan) -> Iterator[Figure]:
    """Yield whether all sides agree, their seconds and memory, and how Perennial compares."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        small = raced(plan.small, tuple(SIDES), out)
        for name in (PERENNIAL, BANDS, DUCKDB, PANDAS):
            n = len(differing(out / POLARS, out / name, within=COLUMNS))
            yield Figure(f"columns.{size(plan.small)}.{name}.unlike_polars", n, "columns", "== 0")
        # What takes longest runs once.
        once = raced(plan.middle, (PANDAS, BANDS), out)
        middle = once | raced(plan.middle, (POLARS, PERENNIAL, DUCKDB), out, plan.rounds)
        once = raced(plan.large, (DUCKDB, PANDAS, BANDS), out)
        large = once | raced(plan.large, (POLARS, PERENNIAL), out, plan.large_rounds)
    for events, runs in ((plan.small, small), (plan.middle, middle), (plan.large, large)):
        for name in runs:
            bar = plan.bar("<= 2") if name == PERENNIAL and events == plan.large else None
            yield from figures_of(f"columns.{size(events)}.{name}", runs[name], bar)
    yield from _compared(plan, small, middle, large)


def _compared(plan: Plan, small: Runs, middle: Runs, large: Runs) -> Iterator[Figure]:
    of_middle, of_large = f"columns.{size(plan.middle)}", f"columns.{size(plan.large)}"
    yield Figure(f"{of_middle}.perennial_over_polars", _ratio(middle, PERENNIAL, POLARS), "x")
    yield Figure(f"{of_large}.perennial_over_polars", _ratio(large, PERENNIAL, POLARS), "x", plan.bar("<= 0.7"))
    yield Figure(f"{of_large}.perennial_over_polars_bands", _ratio(large, PERENNIAL, BANDS), "x", plan.bar("<= 0.7"))
    yield Figure(f"{of_middle}.pandas_over_perennial", _ratio(middle, PANDAS, PERENNIAL), "x")
    yield Figure(f"{of_large}.pandas_over_perennial", _ratio(large, PANDAS, PERENNIAL), "x", plan.bar(">= 5"))
    growth = seconds(large[PERENNIAL]) / seconds(small[PERENNIAL])
    bar = plan.bar(f"<= {plan.large / plan.small:g}")
    yield Figure(f"columns.growth_{size(plan.small)}_to_{size(plan.large)}", growth, "x", bar)
    growth = seconds(large[PERENNIAL]) / seconds(middle[PERENNIAL])
    yield Figure(f"columns.growth_{size(plan.middle)}_to_{size(plan.large)}", growth, "x")


def _ratio(runs: Runs, part: str, whole: str) -> float:
    return seconds(runs[part]) / seconds(runs[whole])


def raced(events: int, sides: Sequence[str], out: Path, rounds: int = 1) -> Runs:
    """Return the runs of each side, in turns, so that whatever else the machine does is shared; outputs stay in `out`.

    The folder's data are made first; `out` gets a folder a side.
    """
    folder = warm(event_folder(events))
    runs: Runs = defaultdict(list)
    for _ in range(rounds):
        for name in sides:
            runs[name].append(measured(SIDES[name], folder, DATES, fresh(out / name)))
    return dict(runs)


def featuretools(plan: Plan) -> Iterator[Figure]:
    """Yield how long Featuretools takes for the windowed columns on the small data, if it can be installed."""
    try:
        python = python_with("featuretools", FEATURETOOLS_PACKAGES)
    except subprocess.CalledProcessError:
        yield Figure("featuretools.ran", 0, "1 is yes")
        return
    folder = event_folder(plan.small)
    with tempfile.TemporaryDirectory() as scratch:
        ours, theirs = fresh(Path(scratch) / "ours"), fresh(Path(scratch) / "theirs")
        measured(SIDES[POLARS], folder, DATES, ours)
        start = time.perf_counter()
        call(str(python), str(FEATURETOOLS), str(folder), ",".join(DATES), str(theirs / "panel.parquet"))
        yield Figure(f"featuretools.{size(plan.small)}.seconds", time.perf_counter() - start, "s")
        n = len(differing(ours, theirs, within=COLUMNS[:-3]))
        yield Figure(f"featuretools.{size(plan.small)}.unlike_polars", n, "columns", "== 0")
