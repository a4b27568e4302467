"""Probabilities beside the true ones, which a simulated company knows, and what of these can be known from its tables.

The true probability of an account hangs on what no table shows: how content it is, whether it has decided already. What
can be known from the tables is the mean of the true probabilities among accounts with the same features: it is learnt
here from the true probabilities of another, larger company of the same world, which no company has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.driver_world import company_panel
from experiments.benchmarks.report import Figure
from experiments.company.futures import true_probs
from experiments.company.tables import company_tables
from experiments.company.world import World, create
from experiments.company.worlds import parameters_of
from features.catalog import Feature
from features.panel import Panel
from pipelines.churn.encoder import Encoder, FloatArray
from pipelines.churn.evaluation import ON_LOGS, usual_learners
from pipelines.churn.metrics import auc
from pipelines.churn.splits import evaluation_split, search_split
from pipelines.churn.training import train_churn
from pipelines.learning import learn_uncertainty

YEARS = 3
KNOWABLE_ACCOUNTS, KNOWABLE_SEED = 8_000, 9_999
RANKING_ACCOUNTS, SMALL_ACCOUNTS = 20_000, 200
LEAVES, RATE, TREES = 31, 0.05, 500


@dataclass(frozen=True)
class Knowable:
    """What can be known of accounts from their features: the mean of the true probabilities of accounts like them."""

    encoder: Encoder
    text: str

    @classmethod
    def of_world(cls, name: str) -> Knowable:
        """Learn it from a company that nothing else is measured on."""
        world, panel = company(name, KNOWABLE_ACCOUNTS, KNOWABLE_SEED)
        rows = with_truth(world, panel.matured)
        encoder = Encoder.fit(rows, panel.features)
        import lightgbm

        settings = {
            "objective": "cross_entropy", "num_leaves": LEAVES, "learning_rate": RATE, "min_data_in_leaf": 50,
            "lambda_l2": 5.0, "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1, "verbosity": -1,
        }  # fmt: skip
        data = lightgbm.Dataset(
            encoder.transform(rows), rows["true_prob"], categorical_feature=encoder.native, params=settings
        )
        return cls(encoder, str(lightgbm.train(settings, data, TREES).model_to_string()))

    def prob(self, rows: pd.DataFrame) -> FloatArray:
        """Return (n,) what can be known of rows."""
        import lightgbm

        booster = lightgbm.Booster(model_str=self.text)
        return np.asarray(booster.predict(self.encoder.transform(rows), num_threads=1), dtype=np.float64)


def company(name: str, n_accounts: int, seed: int) -> tuple[World, Panel]:
    """Return a simulated company and its panel."""
    world = create(parameters_of(name), n_accounts, years=YEARS, seed=seed)
    return world, company_panel(company_tables(world))


def with_truth(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with `true_prob`, of accounts that are truly served at their date."""
    dates = [pd.Timestamp(date) for date in np.sort(rows["as_of"].unique())]
    truth = true_probs(world, dates).rename(columns={"churn_prob": "true_prob"})
    return rows.merge(truth, on=["account_id", "as_of"])


def ranking_figures() -> Iterator[Figure]:
    """Yield how the model's probabilities compare with true ones, beside other learners, on a company of 20,000."""
    knowable = Knowable.of_world("default")
    world, panel = company("default", RANKING_ACCOUNTS, 0)
    fold = evaluation_split(panel.matured, panel.definition.matures_days).folds[0]
    train, test = panel.matured.iloc[fold.train], with_truth(world, panel.matured.iloc[fold.test])
    truth, churned = test["true_prob"].to_numpy(), test["churned"].to_numpy(dtype=bool)
    about = f"{len(test):,} rows of {test['account_id'].nunique():,} accounts, out of time"
    best = auc(churned, truth)
    known = knowable.prob(test)
    yield Figure("truth.auc", best, f"share, of the true probabilities, {about}")
    yield Figure("truth.knowable.auc", auc(churned, known), f"share, of what can be known, {about}")
    for name, prob in _predictions(train, test, panel.features, panel.definition.matures_days):
        is_model = name == "model"
        found = auc(churned, prob)
        bar = "<= 0.01" if is_model else None
        yield Figure(f"truth.{name}.auc", found, f"share, {about}")
        yield Figure(f"truth.{name}.auc_below_the_truth", best - found, f"share, {about}", bar)
        yield Figure(f"truth.{name}.auc_below_the_knowable", auc(churned, known) - found, f"share, {about}", bar)
        off = float(np.sqrt(np.mean(np.square(prob - truth))))
        yield Figure(f"truth.{name}.rmse", off, f"points of share from the true probability, {about}")
        off = float(np.sqrt(np.mean(np.square(prob - known))))
        yield Figure(f"truth.{name}.rmse_knowable", off, f"points of share from what can be known, {about}")


def _predictions(
    train: pd.DataFrame, test: pd.DataFrame, features: Sequence[Feature], gap: int
) -> Iterator[tuple[str, FloatArray]]:
    learners = usual_learners(gap_days=gap)
    for name in ("model", "logistic regression", ON_LOGS):
        yield name, np.asarray(learners[name](train, features).prob(test))
    yield "isotonic forest", _isotonic_forest(train, test, features)


def _isotonic_forest(train: pd.DataFrame, test: pd.DataFrame, features: Sequence[Feature]) -> FloatArray:
    """A random forest calibrated by isotonic regression, folds by account: what scikit-learn's guide shows."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import GroupKFold

    encoder = Encoder.fit(train, features)
    X = np.nan_to_num(encoder.transform(train), nan=-1.0)
    churned = train["churned"].to_numpy(dtype=bool)
    folds = list(GroupKFold(3).split(X, churned, train["account_id"].to_numpy(dtype=str)))
    forest = RandomForestClassifier(200, min_samples_leaf=5, max_samples=0.5, n_jobs=2, random_state=0)
    fitted = CalibratedClassifierCV(forest, method="isotonic", cv=folds).fit(X, churned)
    return np.asarray(fitted.predict_proba(np.nan_to_num(encoder.transform(test), nan=-1.0))[:, 1])


def interval_figures(pool: Executor, n_seeds: int) -> Iterator[Figure]:
    """Yield how often the 90 % intervals of small companies hold what can be known of an account."""
    knowable = Knowable.of_world("small")
    found = pd.DataFrame(pool.map(_covered, [(seed, knowable) for seed in range(n_seeds)]))
    about = f"of accounts, mean over {n_seeds} companies of {SMALL_ACCOUNTS}, of what can be known of each"
    covered = float(found["covered"].mean())
    yield Figure("small.interval_covers", covered, f"share {about}", ">= 0.86")
    yield Figure("small.interval_covers_at_most", covered, f"share {about}", "<= 0.94")
    yield Figure("small.interval_covers.worst_tenth", float(found["covered"].quantile(0.1)), "share, a tenth has less")
    yield Figure("small.interval_width", float(found["width"].mean()), "points of share, median account, mean")
    said = f"share of accounts, {n_seeds} companies, of each one's own true probability, which no data show"
    yield Figure("small.interval_covers_the_unknowable", float(found["covered_truth"].mean()), said)


def _covered(job: tuple[int, Knowable]) -> dict[str, Any]:
    seed, knowable = job
    world, panel = company("small", SMALL_ACCOUNTS, seed)
    gap = panel.definition.matures_days
    fold = evaluation_split(panel.matured, gap).folds[0]
    train = panel.matured.iloc[fold.train].reset_index(drop=True)
    late = panel.matured.iloc[fold.test]
    test = with_truth(world, late[late["as_of"] == late["as_of"].min()])
    churn = train_churn(train, panel.features, search_split(train, gap)).model
    sure = learn_uncertainty(churn, train, seed=0)
    low, high = sure.interval(churn.encoder.transform(test), churn.prob(test))
    known, truth = knowable.prob(test), test["true_prob"].to_numpy()
    return {
        "covered": float(((low <= known) & (known <= high)).mean()),
        "covered_truth": float(((low <= truth) & (truth <= high)).mean()),
        "width": float(np.median(high - low)),
    }
