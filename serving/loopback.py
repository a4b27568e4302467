"""Whether only this machine can reach the service: without keys, nobody else may."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from features.errors import ConfigError

NAMES = ("localhost", "localhost.localdomain")


def is_loopback(host: str) -> bool:
    """Return whether an address, or the name localhost, is reached from this machine only.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "10.0.0.7", "example.org")]
    [True, True, True, False, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in NAMES


def check_unlocked(hosts: Collection[str]) -> None:
    """Let a service without keys listen on these addresses.

    Raises
    ------
    ConfigError
        When one of them can be reached from another machine.
    """
    open_to_all = [host for host in hosts if not is_loopback(host)]
    if open_to_all:
        came = f"a service without keys (PERENNIAL_AUTH=off) that listens on {open_to_all[0]}"
        do = "listen on 127.0.0.1, or leave keys on and make one with `perennial keys create`"
        raise ConfigError.of(came, "a loopback address, which only this machine reaches", do)


def listening_hosts() -> list[str]:
    """Return the addresses on which this process listens: however it was started, these are what counts."""
    found = []
    for entry in Path("/dev/fd").iterdir():
        with suppress(OSError):
            descriptor = int(entry.name)
            # A copy of what is no socket would stay open: no socket object would own it.
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
            with socket.socket(fileno=os.dup(descriptor)) as opened:
                is_internet = opened.family in (socket.AF_INET, socket.AF_INET6)
                if is_internet and opened.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    found.append(str(opened.getsockname()[0]))
    return found
