"""More than a worker takes: what is too much is refused at once and in our shape; whether it lives is still told."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

A = "2026-01-31-a"
ASKERS, ROUNDS = 16, 3
BATCH = {"accounts": [{"account_id": f"A-{i % 400:04d}"} for i in range(1_000)]}


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_what_is_too_much_is_refused_at_once_and_the_rest_is_answered(company: Any, serving: Any, wait: Any) -> None:
    company.point(A)
    replies: list[tuple[httpx.Response, float]] = []
    with serving(company, Path(company.folder / "server.log"), PERENNIAL_MOST_HEAVY_IN_FLIGHT="2") as url:
        wait(lambda: _is_ready(url), seconds=60)

        def ask(_: int) -> None:
            with httpx.Client(base_url=url, timeout=60) as client:
                for _ in range(ROUNDS):
                    began = time.perf_counter()
                    replies.append((client.post("/predict_batch", json=BATCH), time.perf_counter() - began))

        with ThreadPoolExecutor(ASKERS) as askers:
            asking = [askers.submit(ask, i) for i in range(ASKERS)]
            lives = [httpx.get(f"{url}/livez", timeout=10).status_code for _ in range(10)]
            for one in asking:
                one.result(timeout=120)
        after = httpx.post(f"{url}/predict_batch", json=BATCH, timeout=60)
    assert {reply.status_code for reply, _ in replies} == {200, 429}
    assert (set(lives), after.status_code) == ({200}, 200)
    refused = [(reply, seconds) for reply, seconds in replies if reply.status_code == 429]
    for reply, _ in refused:
        assert reply.json()["error"]["code"] == "too_many_requests"
        assert reply.headers["retry-after"] == "1"
    # A refusal costs a body read, and no queue before it: sooner than the fastest that was answered, half of the time.
    fastest = min(seconds for reply, seconds in replies if reply.status_code == 200)
    assert sorted(seconds for _, seconds in refused)[len(refused) // 2] < max(fastest, 0.5)
