"""The service and its worker live and end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

WAITS = "import sys, time, pathlib, os; pathlib.Path(sys.argv[1]).open('a').write(f'{os.getpid()}\\n'); time.sleep(60)"
RUN = """
import os, sys
from serving.supervisor import Supervisor
waits = lambda name: [sys.executable, "-c", sys.argv[1], os.path.join(sys.argv[2], name)]
sys.exit(Supervisor(waits("service"), waits("worker"), os.environ).run())
"""


def _start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RUN, WAITS, str(folder)], stderr=subprocess.DEVNULL)


def _pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_a_signal_ends_both_and_nothing_is_left(tmp_path: Path, wait: Any) -> None:
    running = _start(tmp_path)
    wait(lambda: _pids(tmp_path / "service") and _pids(tmp_path / "worker"))
    running.terminate()
    assert running.wait(timeout=20) == 128 + signal.SIGTERM
    assert not any(_lives(pid) for name in ("service", "worker") for pid in _pids(tmp_path / name))


def test_a_worker_that_dies_is_started_again(tmp_path: Path, wait: Any) -> None:
    running = _start(tmp_path)
    wait(lambda: _pids(tmp_path / "service") and _pids(tmp_path / "worker"))
    os.kill(_pids(tmp_path / "worker")[0], signal.SIGKILL)
    wait(lambda: len(_pids(tmp_path / "worker")) == 2)
    running.terminate()
    running.wait(timeout=20)
    assert not any(map(_lives, _pids(tmp_path / "worker")))


def test_when_the_service_ends_so_does_the_worker(tmp_path: Path, wait: Any) -> None:
    running = _start(tmp_path)
    wait(lambda: _pids(tmp_path / "service") and _pids(tmp_path / "worker"))
    os.kill(_pids(tmp_path / "service")[0], signal.SIGKILL)
    assert running.wait(timeout=20) == 128 + signal.SIGKILL
    assert not any(map(_lives, _pids(tmp_path / "worker")))


def test_a_kill_of_the_supervisor_leaves_nothing_behind(tmp_path: Path, wait: Any) -> None:
    running = _start(tmp_path)
    wait(lambda: _pids(tmp_path / "service") and _pids(tmp_path / "worker"))
    running.kill()
    running.wait()
    wait(lambda: not any(_lives(pid) for name in ("service", "worker") for pid in _pids(tmp_path / name)))
