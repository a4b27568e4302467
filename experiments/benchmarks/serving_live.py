"""How soon an event shows in what is predicted, with the feature worker beside the service."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from experiments.benchmarks.child import measured
from experiments.benchmarks.report import Figure
from experiments.benchmarks.serving_company import Served
from experiments.benchmarks.serving_freshness import known_accounts, measure_freshness
from experiments.benchmarks.serving_server import SERVICE, WORKER, running, serving

RATES = (50.0, 100.0, 200.0, 300.0)
WARM_SECONDS = 3.0
KEEPS_UP = 0.95
ASKED_RATE = 200.0


def freshness_figures(company: Served, seconds: float) -> Iterator[Figure]:
    """Yield, by events sent a second, how many were answered and how long it took until predictions rested on them."""
    environment, log = company.environment(), company.folder / "live.log"
    account_ids = known_accounts(environment["PERENNIAL_STORE"])
    worker = [sys.executable, *WORKER]
    with running(worker, environment, log), serving(SERVICE, environment, log) as server:
        measured(f"{__name__}:fresh", server.url, account_ids, RATES[0], WARM_SECONDS)
        sustained = 0.0
        for rate in RATES:
            found = measured(f"{__name__}:fresh", server.url, account_ids, rate, seconds).answer
            about = f"{found['n_events']:,} events, {found['n_watched']:,} watched, {len(account_ids):,} accounts"
            bar = "< 1000" if rate == ASKED_RATE else None
            at = f"fresh.at_{rate:.0f}"
            yield Figure(f"{at}.sent", found["sent_per_second"], f"events/s, {about}")
            yield Figure(f"{at}.failed", found["n_failed"], "events", "== 0")
            yield Figure(f"{at}.answer_p99", found["answer_p99_ms"], "ms until it is stored")
            yield Figure(f"{at}.p50", found["fresh_p50_ms"], "ms from POST /events to a changed /predict")
            yield Figure(f"{at}.p99", found["fresh_p99_ms"], "ms from POST /events to a changed /predict", bar)
            if not found["n_failed"] and found["sent_per_second"] >= KEEPS_UP * rate and found["fresh_p99_ms"] < 1_000:
                sustained = rate
    yield Figure("fresh.sustained", sustained, "events/s, the greatest of the rates that kept fresh within a second")


def fresh(url: str, account_ids: list[str], rate: float, seconds: float) -> dict[str, float]:
    """Return what `measure_freshness` found, in a process of its own."""
    return dict(vars(measure_freshness(url, account_ids, rate=rate, seconds=seconds)))
