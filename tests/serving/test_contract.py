"""What the OpenAPI document says is what the real server does, for whatever schemathesis can think of."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.kept_keys import KeptKeys
from serving.store import Store


def _run(company: Any, serving: Any, wait: Any, *, examples: int) -> subprocess.CompletedProcess[str]:
    company.point("2026-01-31-a")
    log = Path(company.folder / "server.log")
    key = KeptKeys(Store(company.environment()["PERENNIAL_STORE"])).create("tests", ["admin"])
    with serving(company, log, PERENNIAL_AUTH="keys") as url:
        wait(lambda: _is_ready(url), seconds=60)
        command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/docs.json", "--checks", "all"]
        command += ["--max-examples", str(examples), "--seed", "1", "--no-color", "--generation-database", "none"]
        command += ["-H", f"Authorization: Bearer {key}"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=company.folder, timeout=900)
    assert "Traceback" not in log.read_text("utf-8")
    return ran


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_the_server_keeps_to_its_document(company: Any, serving: Any, wait: Any) -> None:
    ran = _run(company, serving, wait, examples=10)
    assert ran.returncode == 0, ran.stdout[-8_000:]


@pytest.mark.slow
def test_the_server_keeps_to_its_document_whatever_is_sent(company: Any, serving: Any, wait: Any) -> None:
    ran = _run(company, serving, wait, examples=300)
    assert ran.returncode == 0, ran.stdout[-8_000:]
