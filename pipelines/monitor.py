"""Monitoring: what the champion served against what came of it, and accounts as they are now against those it knew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.departures import read_departures
from features.errors import DataError
from features.panel import Panel, Progress
from pipelines.churn.bootstrap import Interval
from pipelines.churn.contributions import mean_contributions
from pipelines.config import Settings
from pipelines.engine import opened_tables, panel_settings
from pipelines.monitoring.drift import drift_signals
from pipelines.monitoring.estimated import estimated_performance
from pipelines.monitoring.leaving import intervals, leaving_signals
from pipelines.monitoring.served import Due, due_scores, judged, served_scores
from pipelines.monitoring.signal import UNKNOWN, Signal, Verdict, worst
from pipelines.panel_file import read_account_rows
from pipelines.release import Release
from pipelines.score import champion
from pipelines.training_data import training_files

if TYPE_CHECKING:
    from features.panel import PanelPlan

STAGES = ("reading the champion", "reading tables", "panel", "watching", "MLflow")
MOST_ROWS = 400_000
DATES = 30
"""So many of the latest as-of dates are looked at."""
WORSE_AUC = 0.03
SLOPES = (0.67, 1.5)


@dataclass(frozen=True)
class Monitored:
    """What was found.

    Attributes
    ----------
    release, as_of, known_until
        Which release, what date it was made of, and the latest as-of date now.
    due
        How well what was served did, where labels are due; `is_served` says whether these are scores that were kept, or
        what the release says of those dates now.
    estimated
        Figures of merit that the labels of the latest date will give if probabilities are still right.
    """

    release: str
    as_of: str
    known_until: str
    verdict: Verdict
    signals: tuple[Signal, ...]
    due: Due | None
    is_served: bool
    estimated: dict[str, Interval]


def monitor(settings: Settings, progress: Progress) -> Monitored:
    """Return what the champion is worth today.

    Raises
    ------
    ReleaseError
        when nothing was promoted.
    DataError
        when there are no dates, as in flat data: nothing can be compared.
    """
    progress("reading the champion")
    release = champion(settings)
    if release.manifest.as_of is None or settings.churn.definition == "labelled":
        came = "a company whose churn is known by its own labels, or without dates"
        raise DataError.of(came, "tables with dates, by which churn is told", "train again when new labels come")
    with opened_tables(settings, progress) as warehouse:
        progress("panel")
        plan, files = training_files(warehouse, settings, progress)
        departures = read_departures(warehouse, plan.recipe.churn, panel_settings(settings))
    progress("watching")
    return watched(release, replace(_panel(plan, files, settings), departures=departures), settings.state_folder)


def _panel(plan: PanelPlan, files: Sequence[Path], settings: Settings) -> Panel:
    """The rows of all accounts, or of some drawn at random, at the latest dates."""
    cutoffs = [pd.Timestamp(cutoff, unit="us") for cutoff in plan.recipe.cutoffs[-DATES:]]
    rows = read_account_rows(
        files, plan.recipe.schema.names, since=cutoffs[0], most_rows=MOST_ROWS, seed=settings.model.seed
    )
    return Panel(rows, plan.recipe.features, plan.recipe.churn, plan.observed_until)


def watched(release: Release, panel: Panel, state: Path | None = None) -> Monitored:
    """Return what a release is worth on a panel that goes on after it was made."""
    rows, made = panel.rows, pd.Timestamp(str(release.manifest.as_of))
    prob = release.churn.prob(rows)
    latest = rows["as_of"].max()
    is_now = (rows["as_of"] == latest).to_numpy()
    due, is_served = _due(release, panel, prob, made, state)
    contributions = mean_contributions(release.churn, rows[(rows["as_of"] <= made).to_numpy()].tail(5000))
    weights = dict(zip(contributions["feature"], contributions["mean_contribution"], strict=True))
    signals: list[Signal] = []
    if release.curve is not None:
        signals += leaving_signals(intervals(release, rows, prob), made)
    signals += _quality(release, due)
    signals += drift_signals(release, rows, prob, weights, made)
    return Monitored(
        release=release.manifest.version,
        as_of=f"{made:%Y-%m-%d}",
        known_until=f"{latest:%Y-%m-%d}",
        verdict=worst([signal.verdict for signal in signals]),
        signals=tuple(signals),
        due=due,
        is_served=is_served,
        estimated=estimated_performance(prob[is_now]),
    )


def _due(release: Release, panel: Panel, prob: Any, made: pd.Timestamp, state: Path | None) -> tuple[Due | None, bool]:
    """What was served and is due; where nothing was kept, what the release says of the dates after it was made."""
    if panel.departures is None or panel.observed_until is None:
        return None, False
    served = served_scores(state, release.manifest.version) if state else None
    if served is not None and len(served):
        # Of dates before it was made the release has seen what came: nobody was served these.
        served = served[served["as_of"] >= made]
        due = due_scores(served, panel.definition, panel.departures, panel.observed_until)
        if len(due):
            return judged(due), True
    again = panel.rows[["account_id", "as_of"]].assign(churn_prob=prob)
    due = due_scores(again[again["as_of"] >= made], panel.definition, panel.departures, panel.observed_until)
    return judged(due), False


def _quality(release: Release, due: Due | None) -> Iterator[Signal]:
    """Ranking and calibration of what is due, beside what they were when the release was judged."""
    if due is None:
        return
    then = release.manifest.metrics.get("figures", {}).get("model", {}).get("auc")
    now = due.figures["auc"]
    if then:
        is_worse = now.high < then["value"] - WORSE_AUC
        yield Signal(
            "ranking", now.value, now.low, now.high, then["low"], then["high"], "AUC", due.n_accounts, "counted",
            "watch" if is_worse else "fine",
            f"AUC {now.value:.3f} on labels that have come due, {then['value']:.3f} when the release was judged",
        )  # fmt: skip
    slope = due.figures.get("slope")
    if slope:
        is_off = slope.high < SLOPES[0] or slope.low > SLOPES[1]
        yield Signal(
            "calibration slope", slope.value, slope.low, slope.high, *UNKNOWN, "slope, 1 is right", due.n_accounts,
            "counted", "watch" if is_off else "fine",
            f"{due.churn_rate:.1%} left (counted) where {due.mean_prob:.1%} was predicted",
        )  # fmt: skip
