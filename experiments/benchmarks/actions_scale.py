"""How long the choice takes for very many accounts, in how much memory, and how near the best it is."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator

import numpy as np

from experiments.benchmarks.report import Figure
from pipelines.actions.choose import Limit, choose, fits

ACCOUNTS, QUICK_ACCOUNTS, ACTIONS, OWNERS = 1_000_000, 50_000, 10, 500


def scale_figures(*, quick: bool) -> Iterator[Figure]:
    """Yield seconds, memory and the proven gap of a choice among 10 actions, under budget, hours and owners' hours."""
    n = QUICK_ACCOUNTS if quick else ACCOUNTS
    values, limits = offers(n, seed=0)
    start = time.perf_counter()
    chosen = choose(values, limits)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    yield Figure("scale.accounts", n, f"accounts x {ACTIONS} actions, {OWNERS} owners")
    yield Figure("scale.seconds", seconds, "s", "<= 120")
    yield Figure("scale.memory", memory, "GiB, of the whole process", "<= 4")
    yield Figure("scale.gap", 100 * chosen.gap, "% of the value that the best may be better by, proven", "<= 1")
    yield Figure("scale.limits_kept", float(fits(chosen.action, limits).mean()), "share of limits", "== 1")
    forbidden = ~(values > 0)
    does = np.flatnonzero(chosen.action >= 0)
    broken = int(forbidden[does, chosen.action[does]].sum())
    yield Figure("scale.forbidden_chosen", broken, "accounts", "== 0")


def offers(n: int, *, seed: int) -> tuple[np.ndarray, list[Limit]]:
    """Return values (n, k), of which a third are not allowed, and limits that bind."""
    rng = np.random.default_rng(seed)
    worth = rng.lognormal(7, 1, size=(n, 1)).astype(np.float32)
    costs, hours = rng.uniform(2, 60, ACTIONS).round(2), rng.uniform(0, 1, ACTIONS).round(2)
    values = worth * rng.normal(0, 0.03, size=(n, ACTIONS)).astype(np.float32) - costs.astype(np.float32)
    values[rng.random((n, ACTIONS), dtype=np.float32) < 1 / 3] = np.nan
    together = np.zeros(n, dtype=np.int64)
    owner = rng.integers(0, OWNERS, n)
    return values, [
        Limit("budget", costs, np.array([2.0 * n]), together),
        Limit("hours", hours, np.array([0.04 * n]), together),
        Limit("hours of each owner", hours, np.full(OWNERS, 0.05 * n / OWNERS), owner),
    ]
