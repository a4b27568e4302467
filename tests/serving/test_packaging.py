"""What is shipped, as far as it can be checked without a container engine."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from serving.settings import Settings
from serving.webhook_settings import WebhookSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
THE_ONE_BENTOML_PINS_ITSELF = f"bentoml=={version('bentoml')}"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8")))


def _instructions(text: str) -> list[list[str]]:
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    return [shlex.split(line) for line in lines if line.strip()]


def _known_settings() -> set[str]:
    kinds = (Settings, WebhookSettings)
    return {f"{kind.model_config['env_prefix']}{name}".upper() for kind in kinds for name in kind.model_fields}


def _locked(path: Path) -> dict[str, list[str]]:
    """The hashes of each pinned package."""
    pins: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        if line[:1].isalnum():
            pins[re.split(r" ?; ", line)[0].removesuffix(" \\")] = []
        elif "--hash=sha256:" in line:
            pins[list(pins)[-1]].append(line.strip())
    return pins


def test_what_the_image_copies_is_there() -> None:
    copied = [words for words in _instructions((DEPLOY / "Containerfile").read_text("utf-8")) if words[0] == "COPY"]
    sources = [source for words in copied if not words[1].startswith("--from") for source in words[1:-1]]
    assert len(sources) >= 8
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_image_runs_a_verb_of_the_command_as_nobody_special() -> None:
    said = _instructions((DEPLOY / "Containerfile").read_text("utf-8"))
    assert {"USER", "HEALTHCHECK", "CMD"} <= {words[0] for words in said}
    last = [words for words in said if words[0] == "USER"][-1]
    assert last == ["USER", "perennial"]
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]["perennial"]


def test_every_package_of_the_image_is_pinned_with_a_hash_and_is_that_of_development() -> None:
    shipped, developed = _locked(DEPLOY / "requirements.lock"), _locked(ROOT / "requirements.lock")
    assert len(shipped) > 100
    assert all("==" in pin and hashes for pin, hashes in shipped.items())
    assert {pin: developed.get(pin) for pin in shipped} == shipped
    assert not {pin.partition("==")[0] for pin in shipped} & {"pytest", "ruff", "pyspark", "schemathesis"}


def test_compose_tells_the_service_only_what_it_knows(compose: dict[str, Any]) -> None:
    told = {name for service in compose["services"].values() for name in service.get("environment", {})}
    assert {name for name in told if name.startswith("PERENNIAL_")} <= _known_settings()
    assert {"PERENNIAL_STORE"} <= told


def test_compose_has_the_three_and_waits_for_the_database(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"postgres", "mlflow", "service"}
    for name in ("mlflow", "service"):
        service = compose["services"][name]
        assert service["depends_on"]["postgres"]["condition"] == "service_healthy"
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_nothing_is_open_to_the_network_and_no_password_is_written_down(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert re.findall(r"(?:PASSWORD|SECRET): (?!\$\{)", (DEPLOY / "compose.yaml").read_text("utf-8")) == []


def test_mounted_files_and_volumes_are_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source.startswith("${") or source in compose["volumes"] or (DEPLOY / source).is_file()


def test_both_say_that_no_engine_has_run_them_here() -> None:
    for name in ("Containerfile", "compose.yaml"):
        assert "Not run by a container engine here" in (DEPLOY / name).read_text("utf-8")


@pytest.mark.slow
def test_a_bento_is_built_offline_and_serves(make_company: Any, tmp_path: Path, wait: Any) -> None:
    company = make_company()
    company.point("2026-01-31-a")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:1")
    home = {"BENTOML_HOME": str(tmp_path / "bentoml"), **nowhere, "no_proxy": "127.0.0.1"}
    (tmp_path / "bentoml").mkdir()
    bentoml = [sys.executable, "-m", "bentoml"]
    env = {**os.environ, **company.environment(), **home}
    built = subprocess.run(
        [*bentoml, "build", "-o", "tag"], cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=120
    )
    tag = re.findall(r"__tag__:(perennial:\w+)", built.stdout)[0]
    bento = next((tmp_path / "bentoml" / "bentos" / "perennial").glob("*/bento.yaml")).parent
    packed, locked = _locked(bento / "env" / "python" / "requirements.txt"), _locked(DEPLOY / "requirements.lock")
    assert set(packed) == set(locked)
    assert [pin for pin in packed if packed[pin] != locked[pin]] == [THE_ONE_BENTOML_PINS_ITSELF]
    assert {path.name for path in (bento / "src").iterdir() if path.is_dir()} == {"features", "pipelines", "serving"}
    with (tmp_path / "log").open("w") as log:
        command = [*bentoml, "serve", tag, "--host", "127.0.0.1", "--port", "3917"]
        server = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url="http://127.0.0.1:3917", timeout=20) as client:
            wait(lambda: _is_ready(client), seconds=60)
            assert client.post("/predict", json={"account_id": "A-0007"}).json()["release"] == "2026-01-31-a"
            assert "/api/segments" in client.get("/docs.json").json()["paths"]
    finally:
        server.terminate()
        server.wait(timeout=20)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
