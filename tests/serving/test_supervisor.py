"""The service and its worker live and end together, and what dies comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.supervisor import STEADY_SECONDS, Kept

WAITS = "import sys, time, pathlib, os; pathlib.Path(sys.argv[1]).open('a').write(f'{os.getpid()}\\n'); time.sleep(60)"
SERVICE = f"""
import signal, subprocess, sys
command = [sys.executable, "-c", {WAITS!r}, sys.argv[1] + "'s child"]
child = subprocess.Popen(command, start_new_session=True)
def end(*_):
    child.terminate()
    child.wait()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.raise_signal(signal.SIGTERM)
signal.signal(signal.SIGTERM, end)
{WAITS}
"""
"""As BentoML does, it starts a process in a session of its own, which a signal to its group does not reach."""
RUN = """
import os, sys
from serving.supervisor import Supervisor
runs = lambda code, name: [sys.executable, "-c", code, os.path.join(sys.argv[3], name)]
sys.exit(Supervisor(runs(sys.argv[1], "service"), runs(sys.argv[2], "worker"), os.environ).run())
"""


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a supervisor whose service runs some code; none outlives the test."""
    started = []

    def run(service: str = SERVICE) -> subprocess.Popen[bytes]:
        with (tmp_path / "told").open("wb") as told:
            started.append(subprocess.Popen([sys.executable, "-c", RUN, service, WAITS, str(tmp_path)], stderr=told))
        return started[-1]

    yield run
    for each in started:
        each.terminate()
        each.wait(timeout=20)


def _told(folder: Path) -> str:
    return (folder / "told").read_text("utf-8")


def _pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_a_signal_ends_both_and_nothing_is_left(start: Start, tmp_path: Path, wait: Any) -> None:
    running = start()
    wait(lambda: _pids(tmp_path / "service") and _pids(tmp_path / "worker"))
    running.terminate()
    assert running.wait(timeout=20) == 128 + signal.SIGTERM
    assert not any(_lives(pid) for name in ("service", "worker") for pid in _pids(tmp_path / name))


def test_a_worker_that_dies_is_started_again(start: Start, tmp_path: Path, wait: Any) -> None:
    running = start()
    wait(lambda: _pids(tmp_path / "service") and _pids(tmp_path / "worker"))
    os.kill(_pids(tmp_path / "worker")[0], signal.SIGKILL)
    wait(lambda: len(_pids(tmp_path / "worker")) == 2)
    running.terminate()
    running.wait(timeout=20)
    assert not any(map(_lives, _pids(tmp_path / "worker")))


def test_a_service_that_is_killed_is_started_again_and_its_orphans_are_ended(
    start: Start, tmp_path: Path, wait: Any
) -> None:
    running = start()
    wait(lambda: _pids(tmp_path / "service's child") and _pids(tmp_path / "worker"))
    (first,), (orphan,) = _pids(tmp_path / "service"), _pids(tmp_path / "service's child")
    os.kill(first, signal.SIGKILL)
    wait(lambda: len(_pids(tmp_path / "service's child")) == 2)
    assert not _lives(orphan)
    assert len(_pids(tmp_path / "worker")) == 1
    running.terminate()
    assert running.wait(timeout=20) == 128 + signal.SIGTERM
    assert not any(_lives(pid) for name in ("service", "service's child", "worker") for pid in _pids(tmp_path / name))
    assert "the service was ended by SIGKILL unexpectedly; it is started again in 0.5 seconds" in _told(tmp_path)


def test_a_service_that_refuses_to_start_ends_all_with_its_code(start: Start, tmp_path: Path) -> None:
    running = start("import sys; sys.exit(3)")
    assert running.wait(timeout=20) == 3
    assert not any(map(_lives, _pids(tmp_path / "worker")))


def test_who_dies_again_and_again_waits_longer_each_time_and_who_ran_long_does_not() -> None:
    kept = Kept("service", [sys.executable, "-c", "import sys; sys.exit(3)"], os.environ)
    pauses = []
    for _ in range(9):
        kept.start()
        kept.process.wait()  # type: ignore[union-attr]
        assert kept.look_after()
        pauses.append(round(kept.starts_at - time.monotonic(), 1))  # type: ignore[operator]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    kept.start()
    kept.process.wait()  # type: ignore[union-attr]
    kept.began -= STEADY_SECONDS
    assert kept.look_after()
    assert kept.starts_at == pytest.approx(time.monotonic() + 0.5, abs=0.2)


def test_a_kill_of_the_supervisor_leaves_nothing_behind(start: Start, tmp_path: Path, wait: Any) -> None:
    running = start()
    wait(lambda: _pids(tmp_path / "service") and _pids(tmp_path / "worker"))
    running.kill()
    running.wait()
    wait(lambda: not any(_lives(pid) for name in ("service", "worker") for pid in _pids(tmp_path / name)))
