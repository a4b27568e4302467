"""A real Spark standalone cluster on this machine: one master, two workers, each a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

WORKERS = 2
PATIENCE_SECONDS = 60


@contextmanager
def spark_cluster() -> Iterator[str]:
    """Yield the URL of a cluster with two executors' worth of one core each; nothing of it outlives the block."""
    # What a dying executor still writes there must not spoil the end.
    with (
        tempfile.TemporaryDirectory(prefix="perennial-spark-", ignore_cleanup_errors=True) as scratch,
        ExitStack() as running,
    ):
        home = Path(scratch)
        running.enter_context(_process(home / "master", "master.Master", "--port", "0"))
        url = _awaited(home / "master" / "log", r"Starting Spark master at (spark://\S+)")
        workers = [home / f"worker-{number}" for number in range(WORKERS)]
        for own in workers:
            limits = ["--cores", "1", "--memory", "2g", "--work-dir", str(own / "work")]
            running.enter_context(_process(own, "worker.Worker", *limits, url))
        for own in workers:
            _awaited(own / "log", "(Successfully registered with master)")
        yield url


@contextmanager
def _process(home: Path, role: str, *arguments: str) -> Iterator[None]:
    import pyspark

    home.mkdir()
    installed = Path(pyspark.__file__).parent
    command = [str(installed / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}"]
    command += ["--host", "127.0.0.1", "--webui-port", "0", *arguments]
    own = {"SPARK_HOME": str(installed), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_DIRS": str(home)}
    with (home / "log").open("w") as log:
        # A group of its own, since spark-class starts a Java process, and that starts executors.
        process = subprocess.Popen(  # noqa: S603
            command, stdout=log, stderr=log, cwd=home, env=os.environ | own, start_new_session=True
        )
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _awaited(log: Path, pattern: str) -> str:
    """What a process says of itself, once it has said it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (found := re.search(pattern, log.read_text())) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"{log.parent.name} did not say {pattern!r}; it said:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)
    return found[1]
