"""The real server, in a process of its own, over real HTTP."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

A, B = "2026-01-31-a", "2026-01-31-b"
ASKED = {"account_id": "A-0007"}


@pytest.fixture(scope="module")
def company(make_company: Any) -> Any:
    return make_company()


@pytest.fixture(scope="module")
def log(company: Any) -> Path:
    return Path(company.folder / "server.log")


@pytest.fixture(scope="module")
def http(company: Any, log: Path, wait: Any, serving: Any) -> Iterator[httpx.Client]:
    with serving(company, log) as url, httpx.Client(base_url=url, timeout=20) as client:
        wait(lambda: _is_up(client), seconds=60)
        yield client


def _is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/livez").status_code == 200
    except httpx.TransportError:
        return False


def _release(http: httpx.Client) -> str:
    return str(http.post("/predict", json=ASKED).json().get("release"))


# One server for all of these; they follow one release after another, so their order is theirs.


def test_before_a_promotion_it_lives_is_not_ready_and_says_why(http: httpx.Client) -> None:
    ready, reply = http.get("/readyz"), http.post("/predict", json=ASKED)
    assert http.get("/livez").status_code == 200
    assert (ready.status_code, reply.status_code) == (503, 503)
    assert reply.json()["error"]["code"] == "no_release"
    assert http.get("/api/drivers").json() == reply.json()
    for said in (ready, reply):
        assert said.json()["error"]["message"] == "no release has been promoted yet; run `perennial promote VERSION`"


def test_a_promotion_is_picked_up_while_it_runs(http: httpx.Client, company: Any, wait: Any) -> None:
    company.point(A)
    wait(lambda: http.get("/readyz").status_code == 200)
    said = http.post("/predict", json=ASKED).json()
    row = company.rows[company.rows["account_id"] == "A-0007"]
    assert said["release"] == A
    assert said["churn_prob"] == pytest.approx(company.releases[A].churn.prob(row)[0], abs=1e-9)
    assert said["reasons"]


def test_the_findings_of_the_champion_are_shown(http: httpx.Client, log: Path) -> None:
    reply = http.get("/api/drivers", headers={"X-Request-Id": "board-1"})
    assert (reply.status_code, reply.headers["x-request-id"]) == (200, "board-1")
    assert (reply.json()["release"], reply.json()["drivers"][0]["figures"][0]["value"]) == (A, 4.0)
    of_segment = http.get("/api/drivers", params={"segment": "Größe klein"}).json()
    assert [figure["value"] for figure in of_segment["drivers"][0]["figures"]] == [6.0]
    (line,) = [json.loads(line) for line in log.read_text("utf-8").splitlines() if "board-1" in line]
    assert (line["route"], line["status"], line["logger"]) == ("/api/drivers", 200, "perennial.access")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [("segment=nobody", 404, "unknown_segment"), ("a=1", 422, "invalid_request"), ("segment=", 422, "invalid_request")],
)
def test_a_bad_query_is_refused_in_our_shape(http: httpx.Client, query: str, status: int, code: str) -> None:
    reply = http.get(f"/api/drivers?{query}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/nothing", 404), ("POST", "/api/drivers", 405)])
def test_under_api_a_wrong_address_or_method_has_our_shape(
    http: httpx.Client, method: str, path: str, status: int
) -> None:
    reply = http.request(method, path)
    assert (reply.status_code, reply.json()["error"]["details"]) == (status, [])


def test_swaps_under_load_fail_no_request(http: httpx.Client, company: Any, wait: Any) -> None:
    statuses: list[int] = []
    seen: set[str] = set()
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=http.base_url, timeout=20) as client:
            while not stop.is_set():
                reply = client.post("/predict", json=ASKED)
                statuses.append(reply.status_code)
                seen.add(reply.json().get("release", "none"))

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for version in (B, A, B):
        company.point(version)
        wait(lambda version=version: _release(http) == version)
        # As many again of the new one, however fast the machine is.
        enough = len(statuses) + 20
        wait(lambda enough=enough: len(statuses) >= enough)
    stop.set()
    for asker in askers:
        asker.join()
    assert set(statuses) == {200}
    assert len(statuses) >= 60
    assert seen == {A, B}


def test_a_corrupted_release_is_refused_and_the_old_one_goes_on(
    http: httpx.Client, company: Any, log: Path, wait: Any
) -> None:
    damaged = company.releases_folder / "2026-02-28-c"
    shutil.copytree(company.releases_folder / A, damaged)
    (damaged / "calibration.json").write_text('{"intercept": 0.0, "slope": 9.0}', encoding="utf-8")
    company.point(damaged.name)
    wait(lambda: "refused the release the pointer names" in log.read_text("utf-8"))
    assert "changed ['calibration.json']" in log.read_text("utf-8")
    assert _release(http) == B
    assert http.get("/readyz").status_code == 200


def test_new_rows_are_picked_up_while_it_runs(http: httpx.Client, company: Any, wait: Any) -> None:
    company.rows.assign(account_id=company.rows["account_id"].str.replace("A-", "N-")).to_parquet(
        company.folder / "new.parquet", index=False
    )
    (company.folder / "new.parquet").replace(company.published)
    wait(lambda: http.post("/predict", json={"account_id": "N-0007"}).status_code == 200)
    assert http.post("/predict", json=ASKED).status_code == 404


def test_a_large_body_is_refused_streamed_or_not(http: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(50):
            yield b" " * 100_000

    reply = http.post("/predict", content=b" " * 5_000_000, headers={"Content-Type": "application/json"})
    assert reply.status_code == 413
    streamed = http.post("/predict", content=pieces(), headers={"Content-Type": "application/json"})
    assert streamed.json()["error"]["code"] == "body_too_large"


def test_metrics_tell_of_requests_scores_and_releases(http: httpx.Client) -> None:
    found = {
        sample.name + "".join(sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(http.get("/metrics").text)
        for sample in family.samples
    }
    assert found["perennial_requests_total/predict200"] >= 60
    assert found["perennial_request_seconds_count/predict"] >= found["perennial_requests_total/predict200"]
    assert sum(found.get(f"perennial_scores_total{tier}", 0) for tier in ("high", "medium", "low")) >= 60
    assert found["perennial_release_swaps_total"] >= 4
    assert found["perennial_releases_refused_total"] >= 1
    assert found["perennial_release_refused"] == 1
    assert found["perennial_store_up"] == 1
    assert found["perennial_release_age_seconds"] > 0


def test_readiness_tells_what_serves_and_what_was_refused(http: httpx.Client) -> None:
    said = http.get("/readyz").json()
    assert (said["release"], said["as_of"], said["store"], said["due_accounts"]) == (B, "2026-01-31", True, 0)
    assert "changed ['calibration.json']" in said["refused"]


@pytest.mark.parametrize("path", ["/", "/static_content/index.css", "/schema.json", "/static_content/../service.py"])
def test_no_file_is_opened_at_a_callers_word(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_the_log_has_no_traceback(http: httpx.Client, log: Path) -> None:
    http.post("/predict", json={"features": {"seats": ["hunter2"]}})
    time.sleep(0.1)
    assert "Traceback" not in log.read_text("utf-8")
    assert "hunter2" not in log.read_text("utf-8")
