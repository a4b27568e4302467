"""Keys at the real server."""

from pathlib import Path
from typing import Any

import httpx

from serving.kept_keys import KeptKeys
from serving.keys import key_id_of
from serving.store import Store

A = "2026-01-31-a"
ASKED = {"account_id": "A-0007"}


def _status(client: httpx.Client, key: str = "") -> int:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return client.post("/predict", json=ASKED, headers=headers).status_code


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_key_that_is_made_while_it_runs_opens_and_one_that_is_revoked_does_not(
    company: Any, serving: Any, wait: Any
) -> None:
    company.point(A)
    log = Path(company.folder / "server.log")
    kept = KeptKeys(Store(company.environment()["PERENNIAL_STORE"]))
    with serving(company, log, PERENNIAL_AUTH="keys") as url, httpx.Client(base_url=url, timeout=20) as client:
        wait(lambda: _is_ready(client), seconds=60)
        assert (_status(client), client.get("/docs.json").status_code) == (401, 200)
        key = kept.create("crm", ["predict"])
        wait(lambda: _status(client, key) == 200)
        assert client.get("/api/segments", headers={"Authorization": f"Bearer {key}"}).status_code == 403
        kept.revoke(str(key_id_of(key)))
        wait(lambda: _status(client, key) == 401)
    said = log.read_text("utf-8")
    assert str(key_id_of(key)) in said
    assert key not in said
    assert "A-0007" not in said


def test_without_keys_it_does_not_listen_to_other_machines(company: Any, serving: Any, wait: Any) -> None:
    log = Path(company.folder / "server.log")
    with serving(company, log, host=".".join("0000")):
        wait(lambda: "expected a loopback address" in log.read_text("utf-8"), seconds=60)
    assert "Traceback" not in log.read_text("utf-8")
