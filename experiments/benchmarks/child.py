"""One side of a benchmark in a process of its own: its start counts, and its memory is nobody else's."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORES = 2


@dataclass(frozen=True, slots=True)
class Run:
    """What a function returned, the seconds from start to end of its process, and the most memory it held."""

    answer: Any
    seconds: float
    gigabytes: float


def measured(function: str, *given: Any) -> Run:
    """Return what came of calling `package.module:function` in a new process, on two cores.

    Parameters
    ----------
    function
        what to call; what it returns has to fit into JSON.
    given
        its arguments; they travel as JSON, paths as text.

    Raises
    ------
    RuntimeError
        with what the process said, when it failed.

    >>> measured("math:sqrt", 9).answer
    3.0
    """
    start = time.perf_counter()
    command = [sys.executable, "-m", "experiments.benchmarks.child", function, json.dumps(given, default=str)]
    ran = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)  # noqa: S603
    seconds = time.perf_counter() - start
    if ran.returncode:
        raise RuntimeError(f"{function} failed:\n{ran.stderr}")
    said = json.loads(ran.stdout.splitlines()[-1])
    return Run(said["answer"], seconds, said["kilobytes"] * 1024 / 1e9)


def main() -> None:
    """Call the function and print its answer, and the peak of this very program as the system counts it."""
    # Before anything asks how many cores there are.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(module), name)(*json.loads(sys.argv[2]))
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    print(json.dumps({"answer": answer, "kilobytes": int(peak.group(1)) if peak else 0}))  # noqa: T201


if __name__ == "__main__":
    main()
