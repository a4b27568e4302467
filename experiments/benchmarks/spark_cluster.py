"""A real Spark standalone cluster on this machine: one master, two workers, each a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

WORKERS = 2
PATIENCE_SECONDS = 60


@contextmanager
def spark_cluster() -> Iterator[str]:
    """Yield the URL of a cluster with two executors' worth of one core each; nothing of it outlives the block."""
    with tempfile.TemporaryDirectory(prefix="perennial-spark-") as scratch, ExitStack() as running:
        home, port = Path(scratch), _free_port()
        url = f"spark://127.0.0.1:{port}"
        address = ["--host", "127.0.0.1", "--webui-port", "0"]
        running.enter_context(_process(home / "master", "master.Master", *address, "--port", str(port)))
        _await(home / "master" / "log", "New state: ALIVE")
        for number in range(WORKERS):
            own = home / f"worker-{number}"
            limits = ["--cores", "1", "--memory", "2g", "--work-dir", str(own / "work")]
            running.enter_context(_process(own, "worker.Worker", *address, *limits, url))
            _await(own / "log", "Successfully registered with master")
        yield url


@contextmanager
def _process(home: Path, role: str, *arguments: str) -> Iterator[None]:
    import pyspark

    home.mkdir()
    installed = Path(pyspark.__file__).parent
    command = [str(installed / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}", *arguments]
    own = {"SPARK_HOME": str(installed), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_DIRS": str(home)}
    with (home / "log").open("w") as log:
        # A group of its own, since spark-class starts a Java process, and that starts executors.
        process = subprocess.Popen(  # noqa: S603
            command, stdout=log, stderr=log, cwd=home, env=os.environ | own, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=PATIENCE_SECONDS)


def _await(log: Path, words: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while words not in log.read_text():
        if time.monotonic() > end:
            raise TimeoutError(f"{log.parent.name} did not say {words!r}; it said:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
