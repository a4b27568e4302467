"""`perennial keys`, as an engineer types it."""

import json
from pathlib import Path

import pytest

from serving.cli import main
from serving.keys import key_id_of


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("PERENNIAL_STORE", raising=False)
    path = tmp_path / "perennial.toml"
    path.write_text("", encoding="utf-8")
    return str(path)


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["keys", *arguments])
    said = capsys.readouterr()
    return code, said.out.strip(), said.err


def test_a_key_is_printed_once_and_then_known_by_its_id(capsys: pytest.CaptureFixture[str], config: str) -> None:
    code, text, told = _run(
        capsys, "create", "--scope", "predict", "--scope", "read", "--label", "crm", "--config", config
    )
    assert code == 0
    assert "cannot be shown again" in told
    _, listed, _ = _run(capsys, "list", "--json", "--config", config)
    (key,) = json.loads(listed)
    assert (key["id"], key["scopes"], key["state"], key["label"]) == (key_id_of(text), "predict read", "live", "crm")
    assert text not in listed


def test_a_rotated_key_has_a_follower_and_a_revoked_one_has_none(
    capsys: pytest.CaptureFixture[str], config: str
) -> None:
    _, text, _ = _run(capsys, "create", "--scope", "read", "--label", "board", "--config", config)
    key_id = str(key_id_of(text))
    code, new, told = _run(capsys, "rotate", key_id, "--grace-hours", "0", "--config", config)
    assert (code, new != text) == (0, True)
    assert "lives on for 0 hours" in told
    assert _run(capsys, "revoke", str(key_id_of(new)), "--config", config)[0] == 0
    _, listed, _ = _run(capsys, "list", "--config", config)
    assert [line.split()[1] for line in listed.splitlines()] == ["expired", "revoked"]


def test_a_mistake_is_told_in_words(capsys: pytest.CaptureFixture[str], config: str) -> None:
    code, out, told = _run(capsys, "create", "--scope", "write", "--label", "crm", "--config", config)
    assert (code, out) == (1, "")
    assert told.startswith("error: got the scope 'write'; expected some of predict, ingest, read, admin")


def test_without_keys_it_serves_on_loopback_only(
    capsys: pytest.CaptureFixture[str], config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["serve", "--host", "192.168.1.4", "--config", config]
    assert main([*asked, "--no-keys"]) == 1
    monkeypatch.setenv("PERENNIAL_AUTH", "off")
    assert main(asked) == 1
    assert capsys.readouterr().err.count("expected a loopback address") == 2
