"""Environments of their own for peers that do not run beside what Perennial needs, or may not be shipped with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from experiments.benchmarks.feature_data import kept


def python_with(name: str, packages: Sequence[str]) -> Path:
    """Return the Python of an environment with these packages, made once and kept.

    Raises
    ------
    subprocess.CalledProcessError
        when they cannot be installed.
    """
    return kept("-".join([name, *packages]).replace("/", "_"), partial(_install, packages)) / "bin" / "python"


def call(*command: str) -> None:
    """Run a command; what it says is kept off the benchmark's output, what it complains of is not."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def _install(packages: Sequence[str], folder: Path) -> None:
    call(sys.executable, "-m", "venv", str(folder))
    call(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages)
