"""Whether the monitor finds a drift that was planted, how often it cries wolf, and how far its estimates are off."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.driver_world import company_settings
from experiments.benchmarks.report import Figure
from experiments.company.tables import company_tables
from experiments.company.world import create
from experiments.company.worlds import parameters_of
from features.panel import Panel
from pipelines.churn.metrics import auc
from pipelines.config import Segments, Settings
from pipelines.learning import learn
from pipelines.manifest import Gate, Manifest, TierLimits
from pipelines.monitor import watched
from pipelines.monitoring.served import due_scores
from pipelines.release import Release
from pipelines.sampling import current_rows
from pipelines.segmenting import segment_accounts
from pipelines.training_data import read_panel

ACCOUNTS, CALM_ACCOUNTS, YEARS = 20_000, 5_000, 3
CALM_SEEDS = 6
MADE = pd.Timestamp("2025-06-01")
DRIFTED = pd.Timestamp("2025-07-01")
"""Month 30 of the world `drift`."""
LOOKS = tuple(pd.date_range("2025-07-01", "2025-12-01", freq="MS"))


def monitor_figures(pool: Executor, n_seeds: int) -> Iterator[Figure]:
    """Yield how often a drift is found within two months, and how often there is an alarm without one."""
    jobs = [("drift", seed, ACCOUNTS) for seed in range(n_seeds)]
    jobs += [("default", seed, CALM_ACCOUNTS) for seed in range(CALM_SEEDS)]
    looks = pd.concat(pool.map(_looks, jobs), ignore_index=True)
    yield from _found(looks[looks["world"] == "drift"], n_seeds)
    yield from _false_alarms(looks[looks["world"] == "default"])


def _found(looks: pd.DataFrame, n_seeds: int) -> Iterator[Figure]:
    about = f"share of {n_seeds} companies of {ACCOUNTS:,} accounts, drift from {DRIFTED:%Y-%m-%d}"
    later = looks[looks["at"] >= DRIFTED]
    for months in (2, 3, 5):
        own = later[later["at"] <= DRIFTED + pd.DateOffset(months=months)]
        found = own[own["verdict"] != "fine"]["seed"].nunique() / n_seeds
        bar = ">= 1" if months == 2 else None
        yield Figure(f"monitor.drift_found_in_{months}_months", found, about, bar)


def _false_alarms(looks: pd.DataFrame) -> Iterator[Figure]:
    n = looks["seed"].nunique()
    about = f"share of {len(looks)} looks at {n} companies of {CALM_ACCOUNTS:,} accounts, made {MADE:%Y-%m-%d}"
    yield Figure("monitor.false_alarms", float((looks["verdict"] != "fine").mean()), about, "<= 0.05")
    for cause in sorted({one for each in looks["why"] for one in each}):
        yield Figure(f"monitor.false_alarms.{cause}", float(np.mean([cause in each for each in looks["why"]])), about)
    off = looks["estimated_auc"] - looks["auc"]
    said = f"AUC, estimated before labels came due less counted, {int(off.notna().sum())} dates"
    yield Figure("monitor.estimated_auc_off.mean", float(off.mean()), said)
    yield Figure("monitor.estimated_auc_off.mean_absolute", float(off.abs().mean()), said)


def _looks(job: tuple[str, int, int]) -> pd.DataFrame:
    """What a release that was made before the drift is told month by month."""
    world, seed, n_accounts = job
    tables = company_tables(create(parameters_of(world), n_accounts, years=YEARS, seed=seed))
    with tempfile.TemporaryDirectory(prefix="perennial-") as home:
        settings = company_settings(tables, Path(home))
        whole = read_panel(settings, lambda _: None)
    del tables
    release = release_at(whole, MADE, settings)
    return pd.DataFrame([_look(whole, release, at) | {"world": world, "seed": seed} for at in LOOKS])


def _look(whole: Panel, release: Release, at: pd.Timestamp) -> dict[str, Any]:
    found = watched(release, known_at(whole, at))
    return {
        "at": at,
        "verdict": found.verdict,
        "why": [signal.about for signal in found.signals if signal.verdict != "fine"],
        "estimated_auc": found.estimated["auc"].value,
        "auc": _auc_at(whole, release, at),
    }


def _auc_at(whole: Panel, release: Release, at: pd.Timestamp) -> float:
    """The AUC of a date once its labels have come due; NaN where they have not."""
    rows = whole.rows[whole.rows["as_of"] == at]
    scores = rows[["account_id", "as_of"]].assign(churn_prob=release.churn.prob(rows))
    if whole.departures is None or whole.observed_until is None:
        return float("nan")
    due = due_scores(scores, whole.definition, whole.departures, whole.observed_until)
    return auc(due["churned"].to_numpy(dtype=bool), due["churn_prob"].to_numpy()) if len(due) else float("nan")


def known_at(whole: Panel, at: pd.Timestamp) -> Panel:
    """Return a panel as it was known at a date: no later rows, and no labels that were not due."""
    rows = whole.rows[whole.rows["as_of"] <= at].reset_index(drop=True)
    is_due = rows["as_of"] + pd.Timedelta(days=whole.definition.matures_days) <= at
    return replace(whole, rows=rows.assign(churned=rows["churned"].where(is_due)), observed_until=at)


def release_at(whole: Panel, made: pd.Timestamp, settings: Settings) -> Release:
    """Return the release that is trained at a date, without its drivers."""
    panel = known_at(whole, made)
    learnt = learn(panel, settings, lambda _: None)
    current = current_rows(panel, 0)
    segmented = segment_accounts(panel, current, Segments(), None, seed=0)
    prob = learnt.churn.prob(current)
    manifest = Manifest(
        version=f"{made:%Y-%m-%d}",
        created=f"{made:%Y-%m-%d}",
        code_version="0",
        data_fingerprint="",
        as_of=f"{made:%Y-%m-%d}",
        learnt_until=f"{panel.matured['as_of'].max():%Y-%m-%d}",
        horizon_days=panel.definition.horizon_days,
        definition=panel.definition.sentence,
        n_accounts=len(current),
        n_rows=len(panel.matured),
        churn_rate=float(panel.matured["churned"].astype(float).mean()),
        metrics={},
        tiers=TierLimits(high_prob=float(np.quantile(prob, 0.9)), medium_prob=float(np.quantile(prob, 0.7))),
        score_quantiles=tuple(np.quantile(prob, np.linspace(0, 1, 101)).tolist()),
        gate=Gate(passed=True, sentences=()),
    )
    return Release(manifest, learnt.churn, learnt.uncertainty, segmented.segmentations, curve=learnt.curve)
