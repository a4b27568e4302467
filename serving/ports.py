"""Whether a service can listen where it is told to, asked before it starts."""

from __future__ import annotations

import errno
import ipaddress
import socket

from features.errors import ConfigError


def check_can_listen(host: str, port: int) -> None:
    """Return where this machine can listen at an address and port now.

    Raises
    ------
    ConfigError
        When it cannot: the address is none of this machine's, or the port is taken or not for everybody.
    """
    where = f"--host {host} --port {port}"
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        do = "write 127.0.0.1 for this machine alone, 0.0.0.0 for all"
        raise ConfigError.of(f"--host {host}", "an IP address of this machine", do) from None
    with socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as problem:
            raise ConfigError.of(f"{where}, {_why(problem)}", "one that is free", "choose another --port") from None


def _why(problem: OSError) -> str:
    known = {
        errno.EADDRINUSE: "where another process listens already",
        errno.EACCES: "which only a privileged user may take",
        errno.EADDRNOTAVAIL: "an address that this machine does not have",
    }
    return known.get(problem.errno or 0, f"where this machine cannot listen ({problem.strerror})")
