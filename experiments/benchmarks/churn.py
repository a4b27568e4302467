"""Whether probabilities, curves and intervals mean what they say, reasons add up, and drift is found, and how quickly.

Beside logistic regression, isotonic forests, tuned boosting, Cox, survival forests, and the truth of simulated
companies.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

import numpy as np
import pandas as pd

from experiments.benchmarks.churn_buying import buying_figures
from experiments.benchmarks.churn_calibration import calibration_figures, split_of
from experiments.benchmarks.churn_curve import curve_figures
from experiments.benchmarks.churn_monitor import monitor_figures
from experiments.benchmarks.churn_peers import peer_figures, training_figures
from experiments.benchmarks.churn_truth import interval_figures, ranking_figures
from experiments.benchmarks.driver_world import company_panel
from experiments.benchmarks.quality import panel_of
from experiments.benchmarks.report import Figure, arguments, run
from experiments.company.tables import company_tables
from experiments.company.world import create
from experiments.company.worlds import parameters_of
from experiments.datasets import ONLINE_RETAIL, TELCO
from features.panel import Panel
from pipelines.churn.evaluation import MODEL, held_out_evaluation, usual_learners
from pipelines.churn.splits import evaluation_split
from pipelines.config import Settings
from pipelines.learning import learn

WORKERS = 2
YEARS = 3
ACCOUNTS, SMALL = 5000, 200
SMALL_SEEDS = 50
EXPLAINED = 5000
TRAINING_ROWS, TRAINING_FEATURES = 1_000_000, 150
CURVE_MONTHS = {"default": 12, "online_retail": 6}
PEER_SETS = ("telco", "online_retail")


def main() -> int:
    """Run the benchmark from the command line, or one part of it."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--only", choices=PARTS, help="measure one part; with --write the others stay as they were")
    return run("churn", lambda options: list(measure(options)), parser.parse_args())


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of every part, of the one asked for, or of a quick look."""
    if options.quick:
        with ProcessPoolExecutor(WORKERS) as pool:
            yield from small_companies(pool, 4)
        return
    for part in [options.only] if options.only else PARTS:
        yield from PARTS[part](options)


def _small_companies(_: argparse.Namespace) -> Iterator[Figure]:
    with ProcessPoolExecutor(WORKERS) as pool:
        yield from small_companies(pool, SMALL_SEEDS)
        yield from interval_figures(pool, SMALL_SEEDS)


def _monitor(options: argparse.Namespace) -> Iterator[Figure]:
    with ProcessPoolExecutor(WORKERS) as pool:
        yield from monitor_figures(pool, options.seeds)


def _large(options: argparse.Namespace) -> Iterator[Figure]:
    """Calibration and reasons on each large set."""
    for name, panel in _panels(options):
        yield from calibration_figures(name, panel)
        yield from _reasons(name, panel)


def _curves(options: argparse.Namespace) -> Iterator[Figure]:
    for name, panel in _panels(options):
        yield from curve_figures(f"curve.{name}", panel, CURVE_MONTHS.get(name, 0))


def _peers(options: argparse.Namespace) -> Iterator[Figure]:
    for name, panel in _panels(options):
        if name in PEER_SETS:
            yield from peer_figures(name, panel, split_of(panel, 1))


def _panels(options: argparse.Namespace) -> Iterator[tuple[str, Panel]]:
    yield "default", company_panel(company_tables(create(parameters_of("default"), ACCOUNTS, years=YEARS, seed=0)))
    yield "telco", panel_of(TELCO, options.data)[0]
    yield "online_retail", panel_of(ONLINE_RETAIL, options.data)[0]


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Figure]]] = {
    "small": _small_companies,
    "large": _large,
    "curves": _curves,
    "buying": lambda options: buying_figures(options.data),
    "peers": _peers,
    "truth": lambda _: ranking_figures(),
    "training": lambda _: training_figures(TRAINING_ROWS, TRAINING_FEATURES),
    "monitor": _monitor,
}


def small_companies(pool: Executor, n_seeds: int) -> Iterator[Figure]:
    """Yield the log loss out of time of companies of 200 accounts, beside that of their churn rate until then."""
    found = pd.DataFrame(pool.map(_small, range(n_seeds)))
    about = f"nats, mean over {n_seeds} companies of {SMALL} accounts, out of time"
    yield Figure("small.log_loss", float(found["model"].mean()), about)
    yield Figure("small.log_loss_of_the_rate", float(found["rate"].mean()), about)
    gap = found["model"] - found["rate"]
    yield Figure("small.log_loss_below_the_rate", float(gap.mean()), about, "< 0")
    yield Figure("small.worse_than_the_rate", float((gap > 0).mean()), f"share of {n_seeds} companies")
    yield Figure("small.churned_accounts", float(found["churned"].mean()), "accounts, mean")


def _small(seed: int) -> dict[str, float]:
    panel = company_panel(company_tables(create(parameters_of("small"), SMALL, years=YEARS, seed=seed)))
    rows, gap = panel.matured, panel.definition.matures_days
    split = evaluation_split(rows, gap)
    learners = {MODEL: usual_learners(gap_days=gap)[MODEL]}
    evaluation = held_out_evaluation(rows, panel.features, split, learners)
    rate = float(rows["churned"].iloc[split.folds[0].train].astype(float).mean())
    churned = evaluation.predictions["churned"].astype(float).to_numpy()
    return {
        "model": evaluation.figures[MODEL]["log_loss"].value,
        "rate": float(-(churned * np.log(rate) + (1 - churned) * np.log(1 - rate)).mean()),
        "churned": float(rows.loc[rows["churned"].astype(bool), "account_id"].nunique()),
    }


def _reasons(name: str, panel: Panel) -> Iterator[Figure]:
    """Whether contributions add up and are shap's own, and how many accounts a second are explained."""
    import shap

    churn = learn(panel, Settings(), lambda _: None).churn
    some = panel.matured.sample(min(EXPLAINED, len(panel.matured)), random_state=0)
    X = churn.encoder.as_trees_see(churn.encoder.transform({str(column): some[column] for column in some}))
    churn.contributions(some.head(10))
    start = time.perf_counter()
    contributions, base = churn.contributions(some)
    seconds = time.perf_counter() - start
    off = float(np.abs(base + contributions.sum(axis=1) - churn.log_odds(some)).max())
    shape = f"{churn.booster.num_trees()} trees, {len(some):,} accounts"
    yield Figure(f"{name}.reasons_off_by", off, f"log-odds, at most, {shape}", "<= 1e-6")
    explainer = shap.TreeExplainer(churn.booster)
    start = time.perf_counter()
    theirs = np.asarray(explainer.shap_values(X)) * churn.calibration.slope
    shap_seconds = time.perf_counter() - start
    yield Figure(
        f"{name}.reasons_from_shap", float(np.abs(contributions - theirs).max()), "log-odds, at most", "<= 1e-6"
    )
    bar = ">= 2000" if name == "default" else None
    yield Figure(f"{name}.explained", len(some) / seconds, f"accounts a second, {shape}", bar)
    yield Figure(f"{name}.explained_beside_shap", shap_seconds / seconds, "times as fast as shap.TreeExplainer")


if __name__ == "__main__":
    sys.exit(main())
