"""How long requests wait where they come faster than one by one: a queue before workers, event by event."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
WARM_SHARE = 0.1
"""The first tenth of the requests find an emptier queue than the others, and do not count."""


@dataclass(frozen=True)
class Sojourn:
    """Times from arrival to answer, in the unit of the service times, and the share of time that workers are busy."""

    mean: float
    p50: float
    p99: float
    utilisation: float


def even_arrivals(rate: float, n: int) -> Floats:
    """Return the times of arrivals that are equally far apart."""
    return np.arange(n, dtype=np.float64) / rate


def random_arrivals(rate: float, n: int, seed: int) -> Floats:
    """Return the times of arrivals that know nothing of each other (a Poisson process)."""
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate, n))


def simulate(arrivals: Floats, services: Floats, servers: int = 1) -> Sojourn:
    """Return the times of requests that are served in order of arrival, each by the first of the servers to be free.

    Parameters
    ----------
    arrivals, services
        shape (n,): when each comes, ascending, and how long it is served.

    >>> simulate(even_arrivals(0.5, 1000), np.ones(1000)).mean
    1.0
    """
    free_at = [0.0] * servers
    took = np.empty(len(arrivals))
    for i, (came, service) in enumerate(zip(arrivals.tolist(), services.tolist(), strict=True)):
        end = max(came, heapq.heappop(free_at)) + service
        heapq.heappush(free_at, end)
        took[i] = end - came
    counted = took[int(WARM_SHARE * len(took)) :]
    span = max(free_at) - float(arrivals[0])
    return Sojourn(
        float(counted.mean()),
        float(np.quantile(counted, 0.5)),
        float(np.quantile(counted, 0.99)),
        float(services.sum() / (servers * span)),
    )


def drawn(quantiles: Floats, mean: float, n: int, seed: int) -> Floats:
    """Return service times of the shape that quantiles (ascending, evenly spaced) have, with another mean."""
    at = np.random.default_rng(seed).random(n)
    found = np.interp(at, np.linspace(0, 1, len(quantiles)), quantiles)
    shaped: Floats = found * (mean / found.mean())
    return shaped


def servers_for(rate: float, services: Floats, longest_p99: float, seed: int, most: int = 10_000) -> int:
    """Return the fewest servers whose 99th percentile of random arrivals is no longer than that.

    Raises
    ------
    ValueError
        When no number does, as where one service alone takes longer.
    """
    arrivals = random_arrivals(rate, len(services), seed)
    low, high = max(1, int(rate * services.mean())), most
    if simulate(arrivals, services, high).p99 > longest_p99:
        raise ValueError(f"got a 99th percentile of {longest_p99:g}; expected one above that of a service alone")
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if simulate(arrivals, services, middle).p99 <= longest_p99 else (middle + 1, high)
    return low
