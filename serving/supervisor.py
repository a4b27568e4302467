"""The service and its feature worker as one: started together, ended together, the worker started again if it dies."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

RESTARTS_AFTER_SECONDS = 1.0
ENDS_WITHIN_SECONDS = 20.0
LOOKS_EVERY_SECONDS = 0.2
_DIES_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class Supervisor:
    """Runs a service, and beside it a worker for as long as the service runs.

    Signals that end this process end both: first the service, so that what it took in is still worked on.
    """

    def __init__(self, service: Sequence[str], worker: Sequence[str], environment: Mapping[str, str]) -> None:
        self.commands = {"service": list(service), "worker": list(worker)}
        self.environment = dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self) -> int:
        """Run both until the service ends, by itself or by a signal; return its exit code."""
        before = {number: signal.signal(number, self._forward) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._start("worker")
            service, died_at = self._start("service"), None
            while service.poll() is None:
                died_at = self._look_after_worker(died_at)
                _wait(service, LOOKS_EVERY_SECONDS)
            # The usual sign of a signal is how a shell tells of it.
            return service.returncode if service.returncode >= 0 else 128 - service.returncode
        finally:
            for name in ("service", "worker"):
                self._end(name)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _look_after_worker(self, died_at: float | None) -> float | None:
        """Start the worker again a while after it died; return since when it is dead."""
        if self._running["worker"].poll() is None:
            return None
        if died_at is None:
            print("the feature worker ended; it is started again", file=sys.stderr, flush=True)  # noqa: T201
            return time.monotonic()
        if time.monotonic() - died_at < RESTARTS_AFTER_SECONDS:
            return died_at
        self._start("worker")
        return None

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        # In a session of its own, so that what a terminal sends comes through here, once.
        self._running[name] = subprocess.Popen(  # noqa: S603  # our own arguments
            self.commands[name], env=self.environment, start_new_session=True, preexec_fn=_die_with(os.getpid())
        )
        return self._running[name]

    def _forward(self, number: int, _: FrameType | None) -> None:
        service = self._running.get("service")
        if service is None:
            raise SystemExit(128 + number)
        if service.poll() is None:
            service.send_signal(signal.SIGTERM)

    def _end(self, name: str) -> None:
        process = self._running.get(name)
        if process is None or process.poll() is not None:
            return
        process.terminate()
        if not _wait(process, ENDS_WITHIN_SECONDS):
            process.kill()
            process.wait()


def _die_with(parent: int) -> Callable[[], None] | None:
    """What lets a child end when this process does, however it ends; where the system knows no such thing, nothing."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(_DIES_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return ask


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
