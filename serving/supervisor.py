"""The service and its feature worker as one: started together, ended together, each started again when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType

from serving.strays import adopt_strays, dies_with, end_strays

ENDS_WITHIN_SECONDS = 20.0
LOOKS_EVERY_SECONDS = 0.2
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
STEADY_SECONDS = 60.0
"""Who ran for so long has recovered: after his next death the pause is short again."""
STARTS_WITHIN_SECONDS = 20.0


class Kept:
    """A command that is kept running: started again after it dies, later each time that it dies soon.

    Parameters
    ----------
    name
        by which it is told of.
    command
        what runs, in a session of its own, so that what a terminal sends comes to the supervisor alone.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.process: subprocess.Popen[bytes] | None = None
        self.pause = FIRST_PAUSE_SECONDS
        self.began = 0.0
        self.starts_at: float | None = None
        self.n_starts = 0

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it."""
        self.process = subprocess.Popen(  # noqa: S603  # our own arguments
            self.command, env=self.environment, start_new_session=True, preexec_fn=dies_with(os.getpid())
        )
        self.began, self.starts_at = time.monotonic(), None
        self.n_starts += 1

    def refused_to_start(self) -> int | None:
        """Return its exit code where its first run ended at once by itself: a mistake that time does not mend."""
        code = None if self.process is None else self.process.poll()
        is_first = self.n_starts == 1 and time.monotonic() - self.began < STARTS_WITHIN_SECONDS
        return code if code is not None and code > 0 and is_first else None

    def look_after(self) -> bool:
        """Start it again once its pause is over; return whether it was found dead just now."""
        now = time.monotonic()
        if self.is_running or self.process is None:
            return False
        if self.starts_at is None:
            if now - self.began >= STEADY_SECONDS:
                self.pause = FIRST_PAUSE_SECONDS
            self.starts_at = now + self.pause
            self._end_group()
            how = _how_it_ended(self.process.returncode)
            _say(f"the {self.name} {how} unexpectedly; it is started again in {self.pause:g} seconds")
            self.pause = min(2 * self.pause, LONGEST_PAUSE_SECONDS)
            return True
        if now >= self.starts_at:
            self.start()
        return False

    def end(self) -> int:
        """End it, at once if it does not in time; return its exit code, 0 if it never ran."""
        if self.process is None:
            return 0
        if self.is_running:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(ENDS_WITHIN_SECONDS)
            self._end_group()
        return _as_a_shell_tells(self.process.wait())

    def _end_group(self) -> None:
        """End it and what it started and did not end, those aside that have made sessions of their own."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Runs a service, and beside it a feature worker, until a signal ends this process; what dies is started again.

    A signal ends both: first the service, so that what it took in is still worked on. Nothing is left behind: neither
    of theirs, nor of what they started, be it in sessions of its own.
    """

    def __init__(self, service: Sequence[str], worker: Sequence[str], environment: Mapping[str, str]) -> None:
        self.service = Kept("service", service, environment)
        self.worker = Kept("feature worker", worker, environment)
        self._signal: int | None = None

    def run(self) -> int:
        """Run both until a signal; return the exit code of the service.

        It also returns where the service's first start fails at once by its own word, as when the port is taken.
        """
        before = {number: signal.signal(number, self._remember) for number in (signal.SIGTERM, signal.SIGINT)}
        adopt_strays()
        try:
            for kept in (self.worker, self.service):
                kept.start()
            while self._signal is None and self.service.refused_to_start() is None:
                self._look()
                time.sleep(LOOKS_EVERY_SECONDS)
        finally:
            code = self.service.end()
            end_strays(but=self._own())
            self.worker.end()
            end_strays(but=())
            for number, handler in before.items():
                signal.signal(number, handler)
        return code

    def _look(self) -> None:
        for kept in (self.service, self.worker):
            if kept.look_after():
                # Whoever it left holds the port, and would answer with nobody to follow.
                end_strays(but=self._own())

    def _own(self) -> list[int]:
        kept = (self.service, self.worker)
        return [one.process.pid for one in kept if one.process is not None and one.is_running]

    def _remember(self, number: int, _: FrameType | None) -> None:
        self._signal = number


def _how_it_ended(code: int | None) -> str:
    """Return in words how a process ended.

    >>> _how_it_ended(-9), _how_it_ended(3)
    ('was ended by SIGKILL', 'ended with code 3')
    """
    if code is None or code >= 0:
        return f"ended with code {code}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def _as_a_shell_tells(code: int) -> int:
    """Return an exit code as a shell tells of it, which has a sign of its own for signals."""
    return code if code >= 0 else 128 - code


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
