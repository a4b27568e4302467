"""Writers of one file take turns."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from serving.turns import turn

HOLDS = """
import sys, time
from pathlib import Path
from serving.turns import turn
with turn(Path(sys.argv[1]), 10.0):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "online.db-turns"


def test_two_threads_are_never_at_it_at_once(file: Path) -> None:
    inside, most = [0], [0]

    def write() -> None:
        for _ in range(20):
            with turn(file, 10.0):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0005)
                inside[0] -= 1

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_process_that_is_killed_gives_its_turn_back_and_one_that_hangs_is_not_waited_for(file: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLDS, str(file)], stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    began = time.monotonic()
    with turn(file, 0.05):
        assert time.monotonic() - began >= 0.05
    other.kill()
    other.wait()
    other.stdout.close()
    with turn(file, 60.0):
        assert time.monotonic() - began < 30


def test_where_nobody_else_writes_there_are_no_turns() -> None:
    with turn(None, 1.0), turn(None, 1.0):
        pass
