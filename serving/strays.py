"""Processes whose parent has died: adopted by this one, where the system knows how, and ended.

BentoML's first process gives each worker a session of its own, so that no signal to a group reaches them; killed, it
leaves them answering, and the port taken.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

_DIES_WITH_PARENT, _ADOPTS = 1, 36
"""PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER of prctl(2)."""
_GONE_WITHIN_SECONDS = 5.0


def adopt_strays() -> None:
    """Become the parent of every descendant of this process whose own parent dies; where the system cannot, nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_ADOPTS, 1, 0, 0, 0)


def end_strays(but: Collection[int]) -> int:
    """Kill the children of this process, `but` for some, and theirs as they are orphaned in turn; return how many."""
    n, until = 0, time.monotonic() + _GONE_WITHIN_SECONDS
    while (strays := [pid for pid in _children() if pid not in but]) and time.monotonic() < until:
        for pid in strays:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        n += len(strays)
    return n


def dies_with(parent: int) -> Callable[[], None] | None:
    """Return what lets a child end when this process does, however it ends; None where the system knows no such."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(_DIES_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return ask


def _children() -> list[int]:
    """The children of this process, those that have ended and were not waited for too; none where there is no /proc."""
    own, found = str(os.getpid()), []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # After the name, which is in brackets and may hold any character: state, then parent.
            if path.read_text("utf-8", "replace").rpartition(")")[2].split()[1] == own:
                found.append(int(path.parent.name))
    return found
