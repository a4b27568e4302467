"""Whether a service can listen somewhere is said before it starts, in words."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.errors import ConfigError
from serving.cli import main
from serving.ports import check_can_listen


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_a_free_port_may_be_taken_and_is_left_free() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    check_can_listen("127.0.0.1", port)
    check_can_listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("127.0.0.1", "where another process listens already; expected one that is free; choose another --port"),
        ("192.0.2.7", "an address that this machine does not have"),
        ("example.org", "got --host example.org; expected an IP address of this machine"),
    ],
)
def test_where_it_cannot_listen_it_says_why(taken: int, host: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        check_can_listen(host, taken)


def test_serve_on_a_taken_port_is_a_mistake_told_in_words(
    taken: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "perennial.toml").write_text("", encoding="utf-8")
    assert main(["serve", "--port", str(taken), "--config", str(tmp_path / "perennial.toml")]) == 1
    assert "where another process listens already" in capsys.readouterr().err
