"""How fast the service answers, what a worker takes, what swaps cost, and how soon an event shows.

Beside bare FastAPI and uvicorn with the same scoring, measured in turn; server and load share this machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from experiments.benchmarks.report import Figure, arguments, run
from experiments.benchmarks.serving_company import Served, make_company
from experiments.benchmarks.serving_curve import curve_figures
from experiments.benchmarks.serving_live import freshness_figures
from experiments.benchmarks.serving_speed import KEPT, Plan, kind_figures, speed_figures, worker_figures
from experiments.benchmarks.serving_swaps import soak_figures, swap_figures

ACCOUNTS, FEW = 2_000, 60
FULL, QUICK = Plan(5, 3.0, 10.0), Plan(1, 1.0, 2.0, (16,))
SWAP_REQUESTS = 20_000
SOAK_SECONDS = 600.0
FRESH_SECONDS = 30.0


def main() -> int:
    """Run the benchmark from the command line, or one part of it."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--only", choices=PARTS, help="measure one part; with --write the others stay as they were")
    parser.add_argument("--company", type=Path, help="folder to keep the company in, or to find one made before")
    return run("serving", lambda options: list(measure(options)), parser.parse_args())


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of every part, of the one asked for, or of a quick look."""
    with tempfile.TemporaryDirectory(prefix="perennial-") as scratch:
        folder = options.company or Path(scratch)
        company = make_company(folder, FEW if options.quick else ACCOUNTS, quick=options.quick)
        if options.quick:
            said = "accounts; the release was made in seconds, without search and segments: for a look only"
            yield Figure("quick.accounts", len(company.account_ids), said)
            yield from kind_figures(company, KEPT, QUICK)
            return
        for part in [options.only] if options.only else PARTS:
            yield from PARTS[part](company)


PARTS: dict[str, Callable[[Served], Iterator[Figure]]] = {
    "speed": lambda company: speed_figures(company, FULL),
    "worker": lambda company: worker_figures(company, FULL),
    "swaps": lambda company: swap_figures(company, SWAP_REQUESTS),
    "fresh": lambda company: freshness_figures(company, FRESH_SECONDS),
    "curve": lambda company: curve_figures(company, FULL),
    "soak": lambda company: soak_figures(company, SOAK_SECONDS),
}


if __name__ == "__main__":
    sys.exit(main())
