"""Turns at writing into a SQLite file, between all threads and processes of this host.

SQLite lets those wait who find it locked, but looks again after pauses that grow to a tenth of a second: with a writer
that comes back at once, as the feature worker does, others wait a second and more for their turn.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOKS_EVERY_SECONDS = 0.001


@contextmanager
def turn(file: Path | None, seconds: float) -> Iterator[None]:
    """Hold the turn at a file; None: nobody else writes there.

    One who waited `seconds` goes on without it, and what SQLite then says of its own lock holds. So it is on systems
    without file locks. The turn of a process that dies is free.
    """
    if file is None or sys.platform == "win32":
        yield
        return
    import fcntl

    with file.open("ab") as lock:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(LOOKS_EVERY_SECONDS)
        yield  # closing the file gives the turn back
