"""Engines to run the relational step on: DuckDB, Spark in this process, and a real cluster of Spark's own processes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

LOCAL = "local[2]"
PATIENCE_SECONDS = 60


@pytest.fixture(scope="session")
def spark() -> Iterator[str]:
    """The master of a Spark that runs in this process; one for the whole run, since a start takes seconds."""
    _skip_without_spark()
    from features.spark import open_spark

    with open_spark(LOCAL):
        yield LOCAL


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.slow)])
def open_engine(request: pytest.FixtureRequest) -> Callable[[], AbstractContextManager]:
    """What opens an empty warehouse: a test that asks for it runs on every engine."""
    from features.sources import open_warehouse

    if request.param == "duckdb":
        return open_warehouse
    from features.spark import open_spark

    master = request.getfixturevalue("spark")
    return lambda: open_spark(master)


@pytest.fixture(scope="session")
def spark_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The master of a standalone cluster on this machine: one master and two workers, each a process of its own."""
    _skip_without_spark()
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        master = stack.enter_context(_daemon(folder / "master", "master.Master", "--port", "0"))
        url = _awaited(master, r"Starting Spark master at (spark://\S+)")[0]
        for i in range(2):
            size = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"work-{i}"))
            stack.enter_context(_daemon(folder / f"worker-{i}", "worker.Worker", *size, url))
        _awaited(master, r"Registering worker (\S+)", n=2)
        yield url


@pytest.fixture(scope="session")
def on_cluster(spark_cluster: str) -> Callable[[str], str]:
    """What runs Python source on the cluster and returns its output; `master` is its URL.

    The source runs in a process of its own, for a process holds one Spark only.
    """

    def run(source: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-c", f"master = {spark_cluster!r}\n{source}"],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def _skip_without_spark() -> None:
    if find_spec("pyspark") is None or not shutil.which("java"):
        pytest.skip("Spark is not here: it takes pip install 'perennial[spark]' and Java 17")


@contextmanager
def _daemon(folder: Path, name: str, *arguments: str) -> Iterator[Path]:
    """One of Spark's daemons, in a process group of its own that ends with the block; yields its log."""
    import pyspark

    home = Path(pyspark.__file__).parent
    own = {"SPARK_HOME": str(home), "SPARK_LOCAL_DIRS": str(folder), "PYSPARK_PYTHON": sys.executable}
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}"]
    folder.mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--webui-port", "0", *arguments],
            env=os.environ | own,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield folder / "log"
    finally:
        # The group: a worker's executors are processes too.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _awaited(log: Path, pattern: str, n: int = 1) -> list[str]:
    """What a daemon's log says, once it has said it often enough."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found = re.findall(pattern, log.read_text())
        if len(found) >= n:
            return found
        time.sleep(0.1)
    raise AssertionError(f"no {pattern} in {log.read_text()}")
