"""Whether what is told of experience is true: many small worlds with known truth, and a public data set without any."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module

from experiments.benchmarks.experience_scale import public_figures, scale_figures
from experiments.benchmarks.experience_trials import Trial, shares
from experiments.benchmarks.report import Figure, arguments, run

AREAS = (
    *("surveys", "late", "silence", "expectation", "gap", "roles", "perception", "emotions", "reasons"),
    *("money", "journeys", "engagement"),
)
"""Each a file of this folder, experience_AREA.py, whose `trials(seed)` says what came of one seed."""
PUBLIC, SCALE = "public", "scale"
PARTS = (*AREAS, PUBLIC, SCALE)
WORKERS = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark from the command line."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--only", choices=PARTS, help="measure one part; with --write the others stay as they were")
    parser.add_argument("--accounts", type=int, default=100_000, help="of the company that seconds are taken of")
    parser.set_defaults(seeds=20)
    options = parser.parse_args(argv)
    return run("experience", lambda given: list(measure(given)), options)


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the shares of seeds that came out, then what a public data set shows, then seconds and memory."""
    parts = [options.only] if options.only else PARTS
    seeds = 1 if options.quick else options.seeds
    jobs = [(area, seed) for area in AREAS if area in parts for seed in range(seeds)]
    found: list[Trial] = []
    with ProcessPoolExecutor(WORKERS) as pool:
        for (area, seed), (trials, seconds) in zip(jobs, pool.map(_trials, jobs), strict=True):
            found += trials
            if not options.json:
                print(f"{area} seed {seed}: {seconds:.0f} s", file=sys.stderr)  # noqa: T201
    yield from shares(found)
    if PUBLIC in parts:
        yield from public_figures(options.data)
    if SCALE in parts and not options.quick:
        yield from scale_figures(options.accounts)


def _trials(job: tuple[str, int]) -> tuple[list[Trial], float]:
    area, seed = job
    start = time.perf_counter()
    trials = list(import_module(f"experiments.benchmarks.experience_{area}").trials(seed))
    return trials, time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
