"""The measured load curve of one worker beside that of the simulated queue: times by how busy it is."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np

from experiments.benchmarks.report import Figure
from experiments.benchmarks.serving_company import Served
from experiments.benchmarks.serving_load import Load, most, predictions, steady
from experiments.benchmarks.serving_server import SERVICE, serving
from experiments.benchmarks.serving_speed import Plan
from experiments.queueing import drawn, even_arrivals, simulate

SHARES = (0.2, 0.4, 0.6, 0.8)


def curve_figures(company: Served, plan: Plan) -> Iterator[Figure]:
    """Yield times of predictions without reasons at shares of what a worker takes, and what the queue says of them.

    The queue knows of the service only its greatest rate and the times of one who asks again once answered.
    """
    with serving(SERVICE, company.environment(), company.folder / "curve.log") as server:
        asked = predictions(server.url, company.account_ids, explain=False)
        rate = statistics.median(most(asked, 16, plan.seconds).per_second for _ in range(plan.rounds))
        alone = most(asked, 1, plan.steady_seconds, by_wrk=False)
        measured = {share: steady(asked, share * rate, plan.steady_seconds) for share in SHARES}
    yield Figure("curve.rate", rate, "requests/s that one worker takes, 16 at once")
    yield Figure("curve.alone.p50", alone.p50_ms, "ms, one at a time")
    for share, load in measured.items():
        found = queued(alone, rate, share, load.n)
        for name, value, said in (("p50", load.p50_ms, found[0]), ("p99", load.p99_ms, found[1])):
            yield Figure(f"curve.at_{share:.0%}.{name}", value, "ms")
            yield Figure(f"curve.at_{share:.0%}.{name}_of_queue", said, "ms, simulated")
            yield Figure(f"curve.at_{share:.0%}.{name}_ratio", value / said, "measured, of simulated")


def queued(alone: Load, rate: float, share: float, n: int) -> tuple[float, float]:
    """Return median and 99th percentile (ms) of a queue before one worker, from its times with nobody else about.

    Alone a request takes longer than it keeps the worker busy (1 / rate): what is beyond is on the way, and no queue.
    """
    busy_ms = 1000 / rate
    quantiles = np.array(alone.quantiles_ms)
    on_the_way = max(0.0, float(np.median(quantiles)) - busy_ms)
    services = drawn(np.maximum(quantiles - on_the_way, 0.0), busy_ms, max(n, 20_000), seed=0)
    found = simulate(even_arrivals(share * rate / 1000, len(services)), services)
    return found.p50 + on_the_way, found.p99 + on_the_way
