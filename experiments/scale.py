"""From measured unit costs to a plan: what so many accounts and events take, and what gives way first.

`python -m experiments.scale [ACCOUNTS EVENTS_A_YEAR]` prints the plan that docs/scale.md tells of.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from experiments.queueing import servers_for

YEAR_SECONDS = 365 * 86_400.0
REFRESH_SECONDS = 20 * 3_600.0
PEAK = 5.0
"""The busiest minute beside the mean: an assumption, since companies differ."""
DRAWN = 100_000


@dataclass(frozen=True)
class UnitCosts:
    """What one of each takes on this machine; docs/scale.md says where each number is from.

    Attributes
    ----------
    account_ms
        one core, to compute an account's features, score and reasons anew.
    batch_core_seconds
        for the whole catalogue of features, a million events.
    predict_ms
        one worker, to answer /predict.
    event_bytes, account_bytes
        in the online store: of a row of a history, and of an account's features and answer.
    """

    account_ms: float = 4.0
    batch_core_seconds: float = 4.3
    predict_ms: float = 1.1
    event_bytes: float = 26.0
    account_bytes: float = 12_000.0


@dataclass(frozen=True)
class Need:
    """One line of a plan."""

    what: str
    value: float
    unit: str


def plan(accounts: float, events_a_year: float, costs: UnitCosts | None = None) -> Iterator[Need]:
    """Yield what is needed, each account being asked for once a day.

    >>> next(plan(1_000, 31_536_000))
    Need(what='events, mean', value=1.0, unit='a second')
    """
    each = costs or UnitCosts()
    events, asked = events_a_year / YEAR_SECONDS, accounts / 86_400
    yield Need("events, mean", events, "a second")
    yield Need("events, peak", PEAK * events, "a second")
    yield Need(
        "feature worker cores for events at peak, p99 below 1 s", _servers(PEAK * events, each.account_ms, 1e3), ""
    )
    refreshed = accounts / REFRESH_SECONDS
    yield Need("accounts refreshed, each within 20 h", refreshed, "a second")
    yield Need("feature worker cores for that refresh", refreshed * each.account_ms / 1e3, "")
    yield Need("predictions, peak", PEAK * asked, "a second")
    yield Need("request workers, p99 below 20 ms", _servers(PEAK * asked, each.predict_ms, 20.0), "")
    yield Need(
        "panel from nothing", events_a_year / 1e6 * each.batch_core_seconds / 3_600, "core-hours a year of events"
    )
    store = events_a_year * each.event_bytes + accounts * each.account_bytes
    yield Need("online store, a year of history", store / 1e12, "TB")
    yield Need("rows written anew", (events + refreshed) * each.account_bytes / 1e6, "MB a second, mean")
    yield Need("materialize in one process", accounts * each.account_ms / 1e3 / 3_600, "hours")


def _servers(rate: float, mean_ms: float, p99_ms: float) -> float:
    """The fewest servers by the simulated queue, services exponential: more uneven than what is measured."""
    services = np.random.default_rng(0).exponential(mean_ms / 1e3, DRAWN)
    return float(servers_for(rate, services, p99_ms / 1e3, seed=1))


def main() -> None:
    """Print the plan as a table."""
    said = [float(word) for word in sys.argv[1:3]] or [1e8, 1e10]
    for need in plan(said[0], said[1]):
        print(f"| {need.what} | {need.value:,.4g} | {need.unit} |")  # noqa: T201


if __name__ == "__main__":
    main()
