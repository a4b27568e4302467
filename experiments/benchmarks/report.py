"""What every benchmark prints: one JSON object with its figures, bars, date, machine and versions."""

from __future__ import annotations

import argparse
import json
import math
import operator
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
LIBRARIES = (
    *("bentoml", "duckdb", "ibis-framework", "lightgbm", "mlflow", "numba", "numpy", "pandas", "polars", "pyarrow"),
    *("pyspark", "scikit-learn"),
)
COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq}


@dataclass(frozen=True)
class Figure:
    """One measured number, the bar it has to hold (such as ">= 0.849"), and whether it does."""

    name: str
    value: float
    unit: str
    bar: str | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the value holds the bar, None where there is none.

        >>> Figure("auc", 0.85, "share", ">= 0.849").holds
        True
        """
        if self.bar is None:
            return None
        sign, limit = self.bar.split()
        return not math.isnan(self.value) and bool(COMPARE[sign](self.value, float(limit)))


def arguments(description: str) -> argparse.ArgumentParser:
    """Return the parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data sets")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds, from 0")
    parser.add_argument("--quick", action="store_true", help="a look, within a minute")
    parser.add_argument("--json", action="store_true", help="nothing on stderr but errors")
    parser.add_argument("--write", action="store_true", help="keep a full run under experiments/benchmarks/results")
    return parser


def run(name: str, measure: Callable[[argparse.Namespace], Sequence[Figure]], options: argparse.Namespace) -> int:
    """Measure, print the figures, and return 0 when every bar holds, else 1."""
    start = time.perf_counter()
    figures = measure(options)
    told = [asdict(figure) | {"holds": figure.holds} for figure in figures]
    result = {
        "benchmark": name,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(),
        "versions": {"python": platform.python_version()} | {library: version(library) for library in LIBRARIES},
        "mode": "quick" if options.quick else "full",
        "seconds": round(time.perf_counter() - start, 1),
        "figures": told,
    }
    if not options.json:
        for figure in figures:
            bar = "" if figure.bar is None else f"  {figure.bar}  {'holds' if figure.holds else 'MISSED'}"
            print(f"{figure.name:60} {figure.value:12.4f} {figure.unit}{bar}", file=sys.stderr)  # noqa: T201
    if options.write and not options.quick:
        kept = result | {"figures": _kept(name, told)} if getattr(options, "only", None) else result
        (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))  # noqa: T201
    return 1 if any(figure.holds is False for figure in figures) else 0


def _kept(name: str, measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures that are kept of earlier runs, where only a part was measured, and in their place those measured."""
    path = RESULTS / f"{name}.json"
    before = json.loads(path.read_text("utf-8"))["figures"] if path.exists() else []
    names = {figure["name"] for figure in measured}
    return [*(figure for figure in before if figure["name"] not in names), *measured]


def machine() -> str:
    """Return the machine in words: processor, cores, memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB"
