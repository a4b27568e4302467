"""A PostgreSQL of one's own on this machine: made, stopped, killed and started, and gone with the block."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

INSTALLED = Path("/usr/lib/postgresql")
OWNERS = ("postgres", "nobody")
PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class PostgresServer:
    """A server on 127.0.0.1, with a database `postgres` that anyone on this machine may use.

    Attributes
    ----------
    programs
        folder of initdb and pg_ctl.
    data
        folder of its data.
    port
        where it listens.
    owner
        who runs it; None: who runs this.
    """

    programs: Path
    data: Path
    port: int
    owner: str | None

    @property
    def url(self) -> str:
        """Its SQLAlchemy URL."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        """Make its data."""
        self._run("initdb", "--username", "postgres", "--auth", "trust", "--no-sync", "--pgdata", str(self.data))

    def start(self) -> None:
        """Start it, and come back once it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.data}"
        log = str(self.data / "server.log")
        self._run("pg_ctl", "start", "--wait", "--pgdata", str(self.data), "--log", log, "--options", options)

    def stop(self) -> None:
        """Stop it at once, as a power cut would: what was committed has to be recovered."""
        self._run("pg_ctl", "stop", "--mode", "immediate", "--wait", "--pgdata", str(self.data))

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        subprocess.run(  # noqa: S603
            command,
            user=self.owner,
            check=True,
            cwd=self.data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
        )


def installed_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs, None where there is none."""
    on_path = shutil.which("initdb")
    versions = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return Path(on_path).parent if on_path else versions[-1].parent if versions else None


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Yield a server that runs; nothing of it outlives the block.

    Raises
    ------
    FileNotFoundError
        where PostgreSQL is not installed.
    """
    programs = installed_programs()
    if programs is None:
        raise FileNotFoundError("got no initdb; expected PostgreSQL 14 or later; install the package postgresql")
    data = Path(tempfile.mkdtemp(prefix="perennial-postgres-"))
    server = PostgresServer(programs, data, _free_port(), _owner())
    try:
        if server.owner:
            shutil.chown(data, server.owner)
        server.make()
        server.start()
        yield server
    finally:
        with suppress(subprocess.CalledProcessError):
            server.stop()
        shutil.rmtree(data, ignore_errors=True)


def _owner() -> str | None:
    """Who is to run the server: root may not."""
    if os.geteuid():
        return None
    known = {user.pw_name for user in pwd.getpwall()}
    return next(name for name in OWNERS if name in known)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
