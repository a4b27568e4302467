"""What swaps of the release cost those who ask meanwhile, and whether memory grows as hours of load go by."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing

import httpx

from experiments.benchmarks.report import Figure
from experiments.benchmarks.serving_company import Served
from experiments.benchmarks.serving_load import most, predictions, steadily, steady
from experiments.benchmarks.serving_server import SERVICE, serving

MOST_PER_SECOND = 200.0
SWAPS = 20
LOOKS = 10
LOOKS_EVERY_SECONDS = 0.1
"""Whoever waits for a swap asks so seldom that it is no load."""


def swap_figures(company: Served, requests: int) -> Iterator[Figure]:
    """Yield the failures and times of requests during 20 swaps, beside times without any.

    No answers are kept, as after a promotion none are until the feature worker has been round: what is compared is the
    swap, not a kept answer with a computed one.
    """
    environment = company.environment(_store_without_answers(company))
    with serving(SERVICE, environment, company.folder / "swaps.log") as server:
        asked = predictions(server.url, company.account_ids, explain=False)
        # Beyond half of what it takes, what is measured is the queue and not the swaps.
        rate = min(MOST_PER_SECOND, most(asked, 16, 3.0).per_second / 2)
        seconds = requests / rate
        calm = steady(asked, rate, seconds)
        took = []
        with steadily(asked, rate, seconds) as came:
            for place in range(SWAPS):
                took.append(_swap_seconds(company, server.url, company.versions[(place + 1) % 2]))
                time.sleep(max(0.0, seconds / SWAPS - took[-1]))
    (moved,) = came
    about = f"{moved.n:,} requests, {rate:.0f} a second"
    yield Figure("swaps.failed", moved.failed + calm.failed, f"requests of {about}", "== 0")
    yield Figure("swaps.p99_without", calm.p99_ms, f"ms, {about}")
    yield Figure("swaps.p99", moved.p99_ms, f"ms, {about}, {SWAPS} swaps")
    yield Figure("swaps.p99_ratio", moved.p99_ms / calm.p99_ms, "times that without swaps", "<= 2")
    yield Figure("swaps.seconds", statistics.median(took), "s, from promotion to the first answer of it, median")


def _store_without_answers(company: Served) -> str:
    """A copy of the company's store that keeps no answers."""
    copy = company.folder / "unanswered.db"
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(company.folder / ".perennial" / "online.db")) as store:
        store.execute("VACUUM INTO ?", [str(copy)])
    with closing(sqlite3.connect(copy)) as store, store:
        store.execute("DELETE FROM scores")
    return f"sqlite:///{copy}"


def _swap_seconds(company: Served, url: str, version: str) -> float:
    """Promote, and return how long it took until the release answered."""
    begin = time.perf_counter()
    company.point(version)
    body = {"account_id": company.account_ids[0], "explain": False}
    with httpx.Client(base_url=url, timeout=30) as client:
        while client.post("/predict", json=body).json().get("release") != version:
            if time.perf_counter() - begin > 60:
                raise TimeoutError(f"release {version} does not serve a minute after its promotion")
            time.sleep(LOOKS_EVERY_SECONDS)
    return time.perf_counter() - begin


def soak_figures(company: Served, seconds: float) -> Iterator[Figure]:
    """Yield how much a worker's memory grows at half of what it takes, after a tenth of the time to get warm."""
    with serving(SERVICE, company.environment(), company.folder / "soak.log") as server:
        asked = predictions(server.url, company.account_ids, explain=True)
        half = most(asked, 16, 2.0).per_second / 2
        steady(asked, half, seconds / LOOKS)
        megabytes, failed = [server.worker_megabytes()], 0
        for _ in range(LOOKS - 1):
            failed += steady(asked, half, seconds / LOOKS).failed
            megabytes.append(server.worker_megabytes())
    about = f"{seconds:.0f} s at {half:.0f} requests a second, with reasons"
    yield Figure("soak.growth", (megabytes[-1] / megabytes[0] - 1) * 100, f"% of memory, {about}", "< 5")
    yield Figure("soak.megabytes", megabytes[-1], "MB at the end")
    yield Figure("soak.failed", failed, f"requests, {about}", "== 0")
