"""The service under faults: accepted events are kept, no answer is wrong, and all is well again soon."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from experiments.benchmarks.postgres_server import make_database, postgres_programs, running_postgres
from experiments.benchmarks.serving_chaos import Outcome, Witness, outcome_of
from experiments.benchmarks.serving_server import SERVICE, descendants, free_port, kill, running, until_ready

A = "2026-01-31-a"
SHORT, LONG = 0.5, 60.0
SECONDS = LONG if os.environ.get("PERENNIAL_CHAOS") == "long" else SHORT


class Running:
    """A service that can be killed and started again at the same address."""

    def __init__(self, company: Any, store_url: str) -> None:
        self.company, self.store_url, self.port = company, store_url, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = company.folder / "chaos.log"
        self._block: Any = None
        self.process: Any = None

    def start(self) -> None:
        command = [sys.executable, *(word.format(port=self.port) for word in SERVICE)]
        home = {"BENTOML_HOME": str(self.company.folder / "bentoml")}
        environment = {**self.company.environment(), **home, "PERENNIAL_STORE": self.store_url, "PERENNIAL_AUTH": "off"}
        self._block = running(command, environment, self.log)
        self.process = self._block.__enter__()
        until_ready(f"{self.url}/readyz", self.process, self.log)

    def end(self) -> None:
        self._block.__exit__(None, None, None)

    def kill_a_worker(self) -> None:
        os.kill(descendants(self.process.pid)[-1], signal.SIGKILL)

    def kill_all_and_start(self) -> None:
        kill(self.process.pid, *descendants(self.process.pid))
        self.end()
        self.start()

    def expected(self) -> dict[str, dict[str, float]]:
        rows = self.company.rows
        return {
            version: dict(zip(rows["account_id"], release.churn.prob(rows).tolist(), strict=True))
            for version, release in self.company.releases.items()
        }

    def under(self, fault: Callable[[], None]) -> Outcome:
        found = outcome_of(Witness(self.url, self.expected()), self.store_url, fault, SECONDS)
        print(f"recovered in {found.recovery_seconds:.2f} s: {found}")  # noqa: T201
        return found


@contextmanager
def served(company: Any, store_url: str) -> Iterator[Running]:
    company.point(A)
    service = Running(company, store_url)
    service.start()
    try:
        yield service
    finally:
        service.end()


@pytest.fixture(scope="module")
def service(make_company: Any) -> Iterator[Running]:
    company = make_company()
    with served(company, f"sqlite:///{company.folder / 'online.db'}") as found:
        yield found


def _all_is_kept(found: Outcome) -> None:
    assert (found.lost, found.wrong) == (0, 0)
    assert found.accepted > 0
    assert found.answered > 0


def test_a_worker_that_is_killed_loses_nothing(service: Running) -> None:
    found = service.under(service.kill_a_worker)
    _all_is_kept(found)
    assert found.recovery_seconds < 30


def test_a_server_that_is_killed_and_started_loses_nothing(service: Running) -> None:
    found = service.under(service.kill_all_and_start)
    _all_is_kept(found)
    assert found.refused > 0
    assert found.recovery_seconds < 10


def test_a_corrupt_release_answers_nothing_wrong(service: Running) -> None:
    def corrupt() -> None:
        damaged = service.company.releases_folder / f"damaged-{time.monotonic_ns()}"
        shutil.copytree(service.company.releases_folder / A, damaged)
        (damaged / "calibration.json").write_text('{"intercept": 0.0, "slope": 9.0}', encoding="utf-8")
        service.company.point(damaged.name)
        time.sleep(1.0)
        service.company.point(A)

    found = service.under(corrupt)
    _all_is_kept(found)
    assert found.refused == 0


def test_a_database_that_stops_and_starts_loses_nothing(make_company: Any) -> None:
    if postgres_programs() is None:
        pytest.skip("PostgreSQL is not here: it takes its programs initdb and postgres")
    with running_postgres() as postgres, served(make_company(), make_database(postgres.url, "chaos")) as service:

        def outage() -> None:
            postgres.stop()
            time.sleep(SECONDS)
            postgres.start()

        found = service.under(outage)
        _all_is_kept(found)
        assert found.refused > 0
        assert found.recovery_seconds < 10
        assert "Traceback" not in service.log.read_text("utf-8")


def test_a_full_disk_refuses_events_and_loses_none(make_company: Any, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    small = [str(mount), "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if not mount or not umount or subprocess.run(small, capture_output=True, check=False).returncode:
        pytest.skip("no small file system can be mounted: it takes root")
    try:
        with served(make_company(), f"sqlite:///{disk / 'online.db'}") as service:

            def fill() -> None:
                with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
                    while True:
                        filler.write(b"0" * 4096)
                assert shutil.disk_usage(disk).free < 4096
                time.sleep(SECONDS)
                (disk / "filler").unlink()

            found = service.under(fill)
            _all_is_kept(found)
            assert found.refused > 0
    finally:
        subprocess.run([umount, "-l", disk], check=True)
