"""How soon an event changes what /predict says: events sent at a steady rate to a service that runs, some watched."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from experiments.benchmarks.serving_client import BROKEN, Client

WATCHED_SHARE = 0.05
LOOKS_EVERY_SECONDS = 0.1
GIVES_UP_AFTER_SECONDS = 30.0


@dataclass
class Freshness:
    """What was measured.

    Attributes
    ----------
    sent_per_second
        events that were answered, a second.
    n_events, n_failed, n_watched
        events sent, those not accepted, and those whose account was asked for until it had changed.
    answer_p50_ms, answer_p99_ms
        until the answer that an event is stored.
    fresh_p50_ms, fresh_p99_ms
        from the sending of an event until /predict gives a row computed since; what never came counts as infinite.
    """

    sent_per_second: float
    n_events: int
    n_failed: int
    n_watched: int
    answer_p50_ms: float
    answer_p99_ms: float
    fresh_p50_ms: float
    fresh_p99_ms: float


@dataclass
class _Times:
    answers: list[float] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)
    n_failed: int = 0


def measure_freshness(
    url: str, account_ids: Sequence[str], *, rate: float = 200.0, seconds: float = 20.0, seed: int = 0
) -> Freshness:
    """Send logins of accounts drawn at random to a service, `rate` a second whatever its answers take.

    Parameters
    ----------
    url
        of the service, such as http://127.0.0.1:3000; its store holds the accounts.
    account_ids
        customers, whom /predict knows.
    """
    return asyncio.run(_measure(url, account_ids, rate, seconds, seed))


async def _measure(url: str, account_ids: Sequence[str], rate: float, seconds: float, seed: int) -> Freshness:
    drawn = np.random.default_rng(seed)
    n = int(rate * seconds)
    chosen = drawn.choice(np.asarray(account_ids, dtype=object), n)
    watched = drawn.random(n) < WATCHED_SHARE
    times, stamp = _Times(), f"{time.time_ns():x}"
    client = Client(url)
    begin, tasks = time.perf_counter(), []
    for i in range(n):
        await asyncio.sleep(max(0.0, begin + i / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(_event(client, f"{stamp}-{i}", str(chosen[i]), bool(watched[i]), times)))
    await asyncio.gather(*tasks)
    await client.close()
    took = max(seconds, time.perf_counter() - begin - max(times.fresh, default=0.0))
    return Freshness(
        sent_per_second=len(times.answers) / took,
        n_events=n,
        n_failed=times.n_failed,
        n_watched=len(times.fresh),
        **_percentiles("answer", times.answers),
        **_percentiles("fresh", times.fresh),
    )


def _percentiles(name: str, seconds: Sequence[float]) -> dict[str, float]:
    found = np.percentile(seconds or [np.inf], [50, 99], method="higher") * 1e3
    return {f"{name}_p50_ms": float(found[0]), f"{name}_p99_ms": float(found[1])}


async def _event(client: Client, key: str, account_id: str, is_watched: bool, times: _Times) -> None:
    sent, begin = datetime.now(UTC).replace(tzinfo=None), time.perf_counter()
    row = {"activity_id": key, "account_id": account_id, "occurred_at": sent.isoformat(), "event": "login"}
    body = {"table": "activities", "rows": [row]}
    try:
        reply = await client.post("/events", body)
    except BROKEN:
        times.n_failed += 1
        return
    times.answers.append(time.perf_counter() - begin)
    if reply.status != 200 or reply.json()["accepted"] != 1:
        times.n_failed += 1
    elif is_watched:
        times.fresh.append(await _until_fresh(client, account_id, sent, begin))


async def _until_fresh(client: Client, account_id: str, sent: datetime, begin: float) -> float:
    while time.perf_counter() - begin < GIVES_UP_AFTER_SECONDS:
        try:
            reply = await client.post("/predict", {"account_id": account_id, "explain": False})
        except BROKEN:
            continue
        took = time.perf_counter() - begin
        if reply.status == 200 and datetime.fromisoformat(reply.json()["as_of"] or "1970-01-01") > sent:
            return took
        await asyncio.sleep(LOOKS_EVERY_SECONDS)
    return float("inf")


def known_accounts(store_url: str) -> list[str]:
    """Return the customers in an online store, by its URL."""
    from sqlalchemy import select

    from serving.store import Store
    from serving.store_tables import SCORES

    store = Store(store_url)
    with store.engine.connect() as connection:
        found = list(connection.scalars(select(SCORES.c.account_id).order_by(SCORES.c.account_id)))
    store.close()
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure a service that runs: its URL, that of its store, perhaps the rate and the seconds; print JSON."""
    url, store_url, *rest = sys.argv[1:] if argv is None else argv
    given: dict[str, Any] = dict(zip(("rate", "seconds"), map(float, rest), strict=False))
    found = measure_freshness(url, known_accounts(store_url), **given)
    print(json.dumps(asdict(found)))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
