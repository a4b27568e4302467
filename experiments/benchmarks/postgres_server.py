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


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, the newest version's; None where there is none."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: float(folder.parent.name), default=None)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Yield the SQLAlchemy URL of a server's database, without its name: append one that `make_database` made.

    Raises
    ------
    FileNotFoundError
        Where PostgreSQL is not installed.
    """
    programs = postgres_programs()
    if programs is None:
        raise FileNotFoundError("got no PostgreSQL programs; expected initdb and postgres; install postgresql")
    owner = _owner()
    home = Path(tempfile.mkdtemp(prefix="perennial-postgres-"))
    try:
        if owner:
            shutil.chown(home, owner)
        _run([programs / "initdb", "-D", home / "data", "-U", "perennial", "-A", "trust", "-E", "UTF8"], home, owner)
        with _running(programs, home, owner) as port:
            yield f"postgresql+psycopg://perennial@127.0.0.1:{port}"
    finally:
        shutil.rmtree(home, ignore_errors=True)


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


def _run(command: list[str | Path], home: Path, owner: str | None) -> None:
    subprocess.run(command, cwd=home, user=owner, check=True, capture_output=True)  # noqa: S603  # our own arguments


@contextmanager
def _running(programs: Path, home: Path, owner: str | None) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command: list[str | Path] = [programs / "postgres", "-D", home / "data", "-k", home]
    command += ["-h", "127.0.0.1", "-p", str(port)]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=home, user=owner, stdout=log, stderr=log)  # noqa: S603
    try:
        _wait_until_ready(programs, port, home)
        yield port
    finally:
        server.send_signal(2)  # SIGINT: at once, without waiting for those who are connected
        server.wait(timeout=STARTS_WITHIN_SECONDS)


def _wait_until_ready(programs: Path, port: int, home: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        ready = subprocess.run(  # noqa: S603
            [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-U", "perennial", "-d", "postgres"],
            capture_output=True,
            check=False,
        )
        if ready.returncode == 0:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"got no answer of PostgreSQL; its log says: {(home / 'log').read_text()[-500:]}")
        time.sleep(0.05)
