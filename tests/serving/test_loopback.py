"""A service without keys is reached by nobody but this machine."""

import socket

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


@pytest.mark.parametrize("host", [".".join("0000"), "::", "192.168.1.4", "example.org"])
def test_without_keys_no_other_machine_may_come_in(host: str) -> None:
    with pytest.raises(ConfigError, match=r"without keys .* that listens on .*; expected a loopback address"):
        check_unlocked(["127.0.0.1", host])
