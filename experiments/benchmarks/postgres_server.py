"""A PostgreSQL server of one's own on this machine, for tests and measurements; nothing of it outlives the block."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STARTS_WITHIN_SECONDS = 30
AT_ONCE = 3
"""SIGQUIT: as a power cut would; what was committed has to be recovered."""


class PostgresServer:
    """A server on 127.0.0.1 that can be stopped and started, with its data in the folder `home`."""

    def __init__(self, programs: Path, home: Path) -> None:
        self.programs, self.home, self.owner, self.port = programs, home, _owner(), _free_port()
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its SQLAlchemy URL, without the name of a database: append one that `make_database` made."""
        return f"postgresql+psycopg://perennial@127.0.0.1:{self.port}"

    def make(self) -> None:
        """Make its data."""
        if self.owner:
            shutil.chown(self.home, self.owner)
        command: list[str | Path] = [self.programs / "initdb", "-D", self.home / "data", "-E", "UTF8"]
        command += ["-U", "perennial", "-A", "trust"]
        subprocess.run(command, cwd=self.home, user=self.owner, check=True, capture_output=True)  # noqa: S603

    def start(self) -> None:
        """Start it, and come back once it answers."""
        command: list[str | Path] = [self.programs / "postgres", "-D", self.home / "data", "-k", self.home]
        command += ["-h", "127.0.0.1", "-p", str(self.port)]
        with (self.home / "log").open("a") as log:
            self._running = subprocess.Popen(command, cwd=self.home, user=self.owner, stdout=log, stderr=log)  # noqa: S603
        end = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._answers():
            if time.monotonic() > end:
                log_text = (self.home / "log").read_text()[-500:]
                raise TimeoutError(f"got no answer of PostgreSQL; its log says: {log_text}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it at once; whoever is connected is cut off."""
        if self._running is not None:
            self._running.send_signal(AT_ONCE)
            self._running.wait(timeout=STARTS_WITHIN_SECONDS)
            self._running = None

    def _answers(self) -> bool:
        command: list[str | Path] = [self.programs / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port)]
        command += ["-U", "perennial", "-d", "postgres"]
        ready = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
        return ready.returncode == 0


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, the newest version's; None where there is none."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: float(folder.parent.name), default=None)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Yield a server that runs.

    Raises
    ------
    FileNotFoundError
        Where PostgreSQL is not installed.
    """
    programs = postgres_programs()
    if programs is None:
        raise FileNotFoundError("got no PostgreSQL programs; expected initdb and postgres; install postgresql")
    home = Path(tempfile.mkdtemp(prefix="perennial-postgres-"))
    server = PostgresServer(programs, home)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Yield the URL of a server that runs, as `PostgresServer.url` has it.

    Raises
    ------
    FileNotFoundError
        Where PostgreSQL is not installed.
    """
    with running_postgres() as server:
        yield server.url


def make_database(server: str, name: str) -> str:
    """Make an empty database on a server and return its URL."""
    from sqlalchemy import create_engine

    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()
    return f"{server}/{name}"


def _owner() -> str | None:
    """Whom the server runs as: root cannot, so that it takes another that is there."""
    if os.geteuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
