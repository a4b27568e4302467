"""Reading an experiment after every few accounts: how often an effect is found where there is none, and how soon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.benchmarks.report import Figure
from pipelines.actions.power import Design, power
from pipelines.actions.readout import read_out

ACCOUNTS, EVERY, CHURN = 2000, 100, 0.1
SHARE, SAVED = 0.5, 5.0


def peeking_figures(*, quick: bool) -> Iterator[Figure]:
    """Yield errors under peeking, by the confidence sequence and by plain intervals, and power beside simulation."""
    n = 60 if quick else 400
    ours, plain = zip(*(_peeked(seed) for seed in range(n)), strict=True)
    yield Figure("peeking.false_alarms", float(np.mean(ours)), f"share of {n} experiments without effect", "<= 0.05")
    yield Figure("peeking.false_alarms_plain", float(np.mean(plain)), "by a 95 % interval at each look")
    said = power(Design(ACCOUNTS, CHURN, SHARE), SAVED)
    came = float(np.mean([_found(seed) for seed in range(5 * n)]))
    yield Figure("power.said", said, f"chance to find {SAVED:g} points in {ACCOUNTS:,} accounts")
    yield Figure("power.simulated", came, f"share of {5 * n} experiments")
    yield Figure("power.distance", abs(said - came), "of said from simulated", "<= 0.05" if quick else "<= 0.02")


def _drawn(seed: int, saved: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    helped = rng.permutation(np.arange(ACCOUNTS) % 2)
    stayed = (rng.random(ACCOUNTS) >= CHURN - saved / 100 * helped).astype(np.int64)
    return helped.astype(np.int64), stayed


def _peeked(seed: int) -> tuple[bool, bool]:
    helped, stayed = _drawn(seed, 0.0)
    ours = plain = False
    for n in range(EVERY, ACCOUNTS + 1, EVERY):
        reading = read_out(helped[:n], stayed[:n], np.full(n, SHARE), np.arange(n))
        ours |= reading.says != "goes on"
        plain |= _differs(helped[:n], stayed[:n])
    return ours, plain


def _found(seed: int) -> bool:
    return _differs(*_drawn(10_000 + seed, SAVED))


def _differs(helped: np.ndarray, stayed: np.ndarray) -> bool:
    """The usual test of two shares, their errors pooled."""
    sizes = np.bincount(helped, minlength=2)
    shares = np.bincount(helped, stayed, minlength=2) / sizes
    pooled = stayed.mean()
    error = np.sqrt(pooled * (1 - pooled) * (1 / sizes).sum())
    return bool(error > 0 and abs(shares[1] - shares[0]) > 1.959963984540054 * error)
