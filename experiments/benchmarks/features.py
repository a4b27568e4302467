"""How fast features are built, and in how much memory, beside the same columns written by hand for other libraries."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from experiments.benchmarks.feature_catalogue import catalogue
from experiments.benchmarks.feature_peers import columns, featuretools
from experiments.benchmarks.feature_plan import FULL, QUICK
from experiments.benchmarks.report import Figure, arguments, run


def main() -> int:
    """Run the benchmark from the command line."""
    return run("features", lambda options: list(measure(options)), arguments(__doc__ or "").parse_args())


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of the 43 columns beside others, then those of the full catalogue."""
    plan = QUICK if options.quick else FULL
    yield from columns(plan)
    yield from catalogue(plan)
    if plan.is_full:
        yield from featuretools(plan)


if __name__ == "__main__":
    sys.exit(main())
