"""The retention curve beside Cox and a random survival forest, out of time, and beside who really left when."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.environment import call, python_with
from experiments.benchmarks.report import Figure
from features.panel import Panel
from pipelines.churn.cox import Cox
from pipelines.churn.curve import at_days
from pipelines.churn.curve_training import fit_curve
from pipelines.churn.encoder import FloatArray
from pipelines.churn.lifetimes import known_until, lifetimes
from pipelines.churn.splits import search_split
from pipelines.churn.survival import brier_scores, c_index
from pipelines.churn.training import train_churn
from pipelines.learning import CURVE_LEAVES, followed

FOREST = Path(__file__).parent / "yardsticks" / "survival_forest.py"
FOREST_PACKAGES = ("scikit-survival>=0.24",)
YARDSTICK_ROWS = 8_000


def curve_figures(name: str, panel: Panel, months: int) -> Iterator[Figure]:
    """Yield integrated Brier scores and C-indices over so many months after one origin."""
    if panel.departures is None or panel.observed_until is None or not months:
        return
    definition = panel.definition
    end = known_until(definition, panel.observed_until)
    origin = max(date for date in panel.rows["as_of"].unique() if date + pd.Timedelta(days=30 * months) <= end)
    train = panel.rows[panel.rows["as_of"] < origin].reset_index(drop=True)
    test = panel.rows[panel.rows["as_of"] == origin].reset_index(drop=True)
    is_due = train["churned"].notna() & (train["as_of"] + pd.Timedelta(days=definition.matures_days) <= origin)
    matured = train[is_due].reset_index(drop=True)
    churn = train_churn(matured, panel.features, search_split(matured, definition.matures_days)).model
    rows = followed(panel, panel.departures, pd.Timestamp(origin), churn.encoder)
    curve = fit_curve(rows, leaves=CURVE_LEAVES, horizon_days=definition.horizon_days)
    if curve is None:
        return
    truth = lifetimes(test, panel.departures, end)
    days = np.asarray(np.arange(1, months + 1) * 30, dtype=np.float64)
    ours = curve.stayed(test, churn.prob(test), definition.horizon_days)
    stayed = {"curve": np.stack([at_days(ours, day) for day in days], axis=1)}
    some = rows.some(YARDSTICK_ROWS, 0)
    stayed["cox"] = Cox.fit(some, seed=0).stayed(test, days)
    own = some.lives
    stayed["survival forest"] = survival_forest(some.X, own.days, own.left, churn.encoder.transform(test), days)
    about = f"over {months} months from {origin:%Y-%m-%d}, {len(test):,} accounts, {int(truth.left.sum()):,} left"
    score = {side: float(brier_scores(truth, probs, days).mean()) for side, probs in stayed.items()}
    order = {side: c_index(truth, -probs.sum(axis=1), float(days[-1])) for side, probs in stayed.items()}
    for side in stayed:
        yield Figure(f"{name}.{side}.integrated_brier", score[side], f"squared share, {about}")
        yield Figure(f"{name}.{side}.c_index", order[side], f"share, {about}")
        off = float(np.abs(stayed[side].mean(axis=0) - (truth.days[:, None] > days).mean(axis=0)).max())
        yield Figure(f"{name}.{side}.level_off", off, f"share of accounts, at most, {about}")
    for side in ("cox", "survival forest"):
        yield Figure(f"{name}.curve.brier_below.{side}", score[side] - score["curve"], "squared share", "> 0")
        yield Figure(f"{name}.curve.c_index_above.{side}", order["curve"] - order[side], "share", "> 0")


def survival_forest(X: Any, days: FloatArray, left: Any, test: Any, at: FloatArray) -> FloatArray:
    """Return (n, d) what scikit-survival's forest says, in an environment of its own: its licence is none of ours."""
    python = python_with("survival-forest", FOREST_PACKAGES)
    with tempfile.TemporaryDirectory(prefix="perennial-") as home:
        given, said = Path(home) / "given.npz", Path(home) / "said.npy"
        np.savez(given, X=np.nan_to_num(X, nan=-1.0), days=days, left=left, test=np.nan_to_num(test, nan=-1.0), at=at)
        call(str(python), str(FOREST), str(given), str(said))
        return np.asarray(np.load(said))
