"""Whether causes are found: simulated companies whose truth is known, beside importances and a logistic regression."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.driver_figures import figures_of
from experiments.benchmarks.driver_world import driver_rows, findings_of
from experiments.benchmarks.report import Figure, arguments, run
from experiments.company import WORLDS
from experiments.company.simulation import simulate
from pipelines.drivers.driver import known_drivers
from pipelines.drivers.find import find_drivers
from pipelines.drivers.rows import DriverRows

EVERY = "default,null,confounded,hidden,robust"
STRENGTHS = (0.25, 0.5, 1.0)
"""Of the hidden cause: weak, half of the measured confounding, all of it; none is the default world."""
WORKERS = 2
N_DRIVERS = 10
ROWS, MORE = 20_000, 10


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark from the command line."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--worlds", default=EVERY, help="by name, with commas between; with --write others stay")
    parser.add_argument("--accounts", type=int, default=5000, help="of each company")
    options = parser.parse_args(argv)
    unknown = sorted(set(options.worlds.split(",")) - set(WORLDS))
    if unknown:
        parser.error(f"got worlds {', '.join(unknown)}; expected some of {', '.join(WORLDS)}")
    options.only = None if options.worlds == EVERY else options.worlds
    return run("drivers", lambda given: list(measure(given)), options)


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of all worlds, then how long it takes."""
    worlds = ["default"] if options.quick else options.worlds.split(",")
    seeds, n_accounts = (1, 1500) if options.quick else (options.seeds, options.accounts)
    companies = [
        (world, strength, seed, n_accounts)
        for world in worlds
        for strength in (STRENGTHS if world == "hidden" else (1.0,))
        for seed in range(seeds)
    ]
    found: list[dict[str, Any]] = []
    with ProcessPoolExecutor(WORKERS) as pool:
        for rows in pool.map(_findings, companies):
            found += rows
            if not options.json:
                done = rows[0]
                print(f"{done['world']} {done['strength']:g} seed {done['seed']} done", file=sys.stderr)  # noqa: T201
    yield from figures_of(pd.DataFrame(found))
    if not options.quick:
        yield from speed(n_accounts)


def speed(n_accounts: int) -> Iterator[Figure]:
    """Yield the seconds of ten drivers on 20,000 rows, and by how much they grow with ten times the rows."""
    rows = _of_size(driver_rows(simulate(n_accounts, seed=0).tables), ROWS)
    seconds = []
    for times in (1, MORE):
        larger = _repeated(rows, times)
        start = time.perf_counter()
        find_drivers(larger, known_drivers(larger.features)[:N_DRIVERS], {}, seed=0)
        seconds.append(time.perf_counter() - start)
        bar = "<= 60" if times == 1 else None
        yield Figure(f"speed.{len(larger.keys)}_rows", seconds[-1], "s for ten drivers on two cores", bar)
    yield Figure("speed.growth", seconds[1] / seconds[0], f"times the seconds for {MORE} times the rows", f"<= {MORE}")


def _findings(company: tuple[str, float, int, int]) -> list[dict[str, Any]]:
    return findings_of(*company)


def _of_size(rows: DriverRows, n: int) -> DriverRows:
    """The first so many rows whose label has come due."""
    chosen = np.flatnonzero(~np.isnan(rows.churned))[:n]
    parts = (frame.iloc[chosen].reset_index(drop=True) for frame in (rows.keys, rows.now, rows.before))
    keys, now, before = parts
    return replace(rows, keys=keys, now=now, before=before)


def _repeated(rows: DriverRows, times: int) -> DriverRows:
    """The rows so many times over, each time of other accounts, the numbers a little apart."""
    rng = np.random.default_rng(0)
    keys = [rows.keys.assign(account_id=rows.keys["account_id"] + f"-{i}") for i in range(times)]
    before = [_apart(rows.before, rng) for _ in range(times)]
    join = {"ignore_index": True}
    return replace(
        rows,
        keys=pd.concat(keys, **join),  # type: ignore[call-overload]
        now=pd.concat([rows.now] * times, **join),  # type: ignore[call-overload]
        before=pd.concat(before, **join),  # type: ignore[call-overload]
    )


def _apart(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    numbers = frame.select_dtypes("number").columns
    return frame.assign(**{name: frame[name] * rng.normal(1, 0.01, len(frame)) for name in numbers})


if __name__ == "__main__":
    sys.exit(main())
