"""A service without keys is reached by nobody but this machine."""

import os
import socket
from pathlib import Path

import pytest

from features.errors import ConfigError
from serving.loopback import check_unlocked, listening_hosts


def test_the_addresses_this_process_listens_on_are_found() -> None:
    with socket.socket() as listening, socket.socket() as bound:
        listening.bind(("127.0.0.3", 0))
        listening.listen()
        bound.bind(("127.0.0.4", 0))
        assert "127.0.0.3" in listening_hosts()
        assert "127.0.0.4" not in listening_hosts()
    assert "127.0.0.3" not in listening_hosts()


def test_looking_leaves_no_descriptor_open_whatever_this_process_holds(tmp_path: Path) -> None:
    # A second end of a pipe would keep a child of this process waiting for its input to end.
    reading, writing = os.pipe()
    with (tmp_path / "file").open("w"), socket.socket():
        before = len(list(Path("/dev/fd").iterdir()))
        listening_hosts()
        assert len(list(Path("/dev/fd").iterdir())) == before
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)


@pytest.mark.parametrize("host", [".".join("0000"), "::", "192.168.1.4", "example.org"])
def test_without_keys_no_other_machine_may_come_in(host: str) -> None:
    with pytest.raises(ConfigError, match=r"without keys .* that listens on .*; expected a loopback address"):
        check_unlocked(["127.0.0.1", host])
