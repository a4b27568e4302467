"""How fast the service answers, beside bare FastAPI with the same scoring, and what a worker takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec

import httpx

from experiments.benchmarks.report import Figure
from experiments.benchmarks.serving_company import Served
from experiments.benchmarks.serving_load import Load, most, predictions, steady
from experiments.benchmarks.serving_server import BARE, SERVICE, serving

STEADY = 50.0
YARDSTICK = "experiments.benchmarks.yardsticks.bare_fastapi"
KEPT = {"plain": False, "reasons": True}
COMPUTED = {"computed.plain": False, "computed.reasons": True}
"""By kind of answer, whether it has reasons; kept ones come from the store, computed ones from trees and TreeSHAP."""
RATIO_BARS = {"plain": ">= 0.7", "reasons": ">= 0.85", "computed.plain": ">= 0.7", "computed.reasons": ">= 0.85"}
P99_BARS = {"plain": "< 20", "reasons": "< 50"}


@dataclass(frozen=True)
class Plan:
    """How long to measure: rounds, seconds of one load, seconds of a steady one; and how many ask at once."""

    rounds: int
    seconds: float
    steady_seconds: float
    concurrencies: tuple[int, ...] = (1, 16, 64)


def speed_figures(company: Served, plan: Plan) -> Iterator[Figure]:
    """Yield requests a second and times of the service and of its yardstick, measured in turn, round by round.

    Of a release that is the champion's twin nothing is kept: what it answers is computed.
    """
    yield from kind_figures(company, KEPT, plan)
    company.point(company.versions[1])
    try:
        yield from kind_figures(company, COMPUTED, plan)
    finally:
        company.point(company.versions[0])


def kind_figures(company: Served, kinds: Mapping[str, bool], plan: Plan) -> Iterator[Figure]:
    """Yield the same of some kinds of answer, from a service and a yardstick of their own."""
    log = company.folder / "speed.log"
    with ExitStack() as stack:
        ours = stack.enter_context(serving(SERVICE, company.environment(), log))
        urls = {"perennial": ours.url}
        if find_spec(YARDSTICK):
            urls["bare"] = stack.enter_context(serving(BARE, company.environment(), log, "/livez")).url
        for kind, explain in kinds.items():
            found: dict[tuple[str, int], list[Load]] = {}
            for _ in range(plan.rounds):
                for concurrency in plan.concurrencies:
                    for name, url in urls.items():
                        asked = predictions(url, company.account_ids, explain=explain)
                        found.setdefault((name, concurrency), []).append(most(asked, concurrency, plan.seconds))
            yield from _compared(kind, found, plan)
            asked = predictions(ours.url, company.account_ids, explain=explain)
            at_rate = [steady(asked, STEADY, plan.steady_seconds) for _ in range(plan.rounds)]
            said = f"ms, at {STEADY:.0f} requests a second, median of {plan.rounds} rounds"
            yield Figure(f"{kind}.steady.p50", statistics.median(one.p50_ms for one in at_rate), said)
            p99 = statistics.median(one.p99_ms for one in at_rate)
            yield Figure(f"{kind}.steady.p99", p99, said, P99_BARS.get(kind))
            yield Figure(f"{kind}.steady.failed", sum(one.failed for one in at_rate), "requests", "== 0")


def _compared(kind: str, found: dict[tuple[str, int], list[Load]], plan: Plan) -> Iterator[Figure]:
    about = f"median of {plan.rounds} rounds of {plan.seconds:g} s"
    rate = {at: statistics.median(one.per_second for one in loads) for at, loads in found.items()}
    for (name, concurrency), loads in found.items():
        at = f"{kind}.c{concurrency}.{name}"
        yield Figure(f"{at}.rate", rate[name, concurrency], f"requests/s, {about}")
        yield Figure(f"{at}.p50", statistics.median(one.p50_ms for one in loads), f"ms, {about}")
        yield Figure(f"{at}.failed", sum(one.failed for one in loads), "requests", "== 0")
    for concurrency in plan.concurrencies:
        if ("bare", concurrency) in rate:
            ratio = rate["perennial", concurrency] / rate["bare", concurrency]
            yield Figure(f"{kind}.c{concurrency}.of_bare", ratio, "of bare FastAPI's requests/s", RATIO_BARS[kind])


def worker_figures(company: Served, plan: Plan) -> Iterator[Figure]:
    """Yield what a start takes, the memory of a worker after load, and the time of a batch of a thousand."""
    starts = []
    for _ in range(plan.rounds):
        with serving(SERVICE, company.environment(), company.folder / "starts.log") as server:
            starts.append(server.ready_seconds)
            asked = predictions(server.url, company.account_ids, explain=True)
            most(asked, 16, plan.seconds)
            batch = _batch_ms(server.url, company.account_ids)
            megabytes = server.worker_megabytes()
    yield Figure("start_to_ready", statistics.median(starts), f"s, median of {plan.rounds}", "<= 5")
    yield Figure("worker_memory", megabytes, "MB, the largest process after load", "<= 350")
    yield Figure("batch_of_1000", batch, "ms, with reasons, median of 10", "<= 150")


def _batch_ms(url: str, account_ids: tuple[str, ...]) -> float:
    many = (list(account_ids) * (1_000 // len(account_ids) + 1))[:1_000]
    body = {"accounts": [{"account_id": account_id} for account_id in many]}
    took = []
    with httpx.Client(base_url=url, timeout=60) as client:
        for _ in range(11):
            begin = time.perf_counter()
            reply = client.post("/predict_batch", json=body)
            took.append((time.perf_counter() - begin) * 1000)
            if reply.status_code != 200 or reply.json()["failed"]:
                raise RuntimeError(f"a batch failed: {reply.text[:500]}")
    return statistics.median(took[1:])
