"""The service, or its yardstick, as a process with workers: started, looked at, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

STARTS_WITHIN_SECONDS = 60.0
SERVICE = ("-m", "bentoml", "serve", "serving.service:Perennial", "--host", "127.0.0.1", "--port", "{port}")
BARE = ("-m", "experiments.benchmarks.yardsticks.bare_fastapi", "{port}")
WORKER = ("-m", "serving.feature_worker")


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes
    ----------
    url
        where it is.
    process
        the first of its processes.
    ready_seconds
        from its start until it said that it is ready.
    """

    url: str
    process: subprocess.Popen[bytes]
    ready_seconds: float

    def worker_megabytes(self) -> float:
        """Return the memory of the largest of its processes, in MB."""
        return max(_resident_megabytes(pid) for pid in [self.process.pid, *descendants(self.process.pid)])


@contextmanager
def serving(
    command: Sequence[str], environment: Mapping[str, str], log: Path, ready: str = "/readyz"
) -> Iterator[Server]:
    """Yield a server once it is ready; none of its processes outlives the block."""
    port = free_port()
    filled = [sys.executable, *(word.format(port=port) for word in command)]
    url, begin = f"http://127.0.0.1:{port}", time.perf_counter()
    with running(filled, environment, log) as process:
        until_ready(f"{url}{ready}", process, log)
        yield Server(url, process, time.perf_counter() - begin)


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command whose processes end with the block, those too that have made groups of their own."""
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603
            command, env={**os.environ, **environment}, stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield process
        finally:
            started = descendants(process.pid)
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            kill(process.pid, *started)
            process.wait()


def kill(*pids: int) -> None:
    """End processes at once; those that are gone already are."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until an address answers 200.

    Raises
    ------
    TimeoutError
        With the end of the log, when it does not, or the process has ended.
    """
    end = time.monotonic() + STARTS_WITHIN_SECONDS
    while not _is_good(url):
        if time.monotonic() > end or process.poll() is not None:
            raise TimeoutError(f"{url} is not ready; its log says:\n{log.read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.02)


def _is_good(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that these have."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
    found, new = [], [pid]
    while new:
        new = [child for child, parent in parents.items() if parent in new]
        found += new
    return found


def _resident_megabytes(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
