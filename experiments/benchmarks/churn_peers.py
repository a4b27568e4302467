"""The model beside XGBoost tuned over 200 trials, on the same folds and features."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.benchmarks.environment import call, python_with
from experiments.benchmarks.report import Figure
from features.panel import Panel
from pipelines.churn.encoder import Encoder
from pipelines.churn.evaluation import MODEL, usual_learners
from pipelines.churn.metrics import auc, log_losses
from pipelines.churn.splits import Split, search_split

TUNED = Path(__file__).parent / "yardsticks" / "tuned_boosting.py"
PACKAGES = ("xgboost>=3", "optuna>=4", "numpy")


def peer_figures(name: str, panel: Panel, split: Split) -> Iterator[Figure]:
    """Yield AUC and log loss by fold of both sides, and their seconds."""
    rows, gap = panel.matured, panel.definition.matures_days
    churned = rows["churned"].to_numpy(dtype=bool)
    prob, seconds = _tuned(panel, split, gap)
    ours, start = np.full(len(rows), np.nan), time.perf_counter()
    learn = usual_learners(gap_days=gap)[MODEL]
    for fold in split.folds:
        ours[fold.test] = learn(rows.iloc[fold.train], panel.features).prob(rows.iloc[fold.test])
    took = time.perf_counter() - start
    tests = [fold.test for fold in split.folds]
    gains = np.array([auc(churned[test], ours[test]) - auc(churned[test], prob[test]) for test in tests])
    about = f"mean of {len(tests)} folds, {split.how}, {sum(map(len, tests)):,} rows"
    for side, said in (("model", ours), ("tuned_xgboost", prob)):
        found = np.mean([auc(churned[test], said[test]) for test in tests])
        loss = np.mean([log_losses(churned[test], np.clip(said[test], 1e-9, 1 - 1e-9)).mean() for test in tests])
        yield Figure(f"peers.{name}.{side}.auc", float(found), f"share, {about}")
        yield Figure(f"peers.{name}.{side}.log_loss", float(loss), f"nats, {about}")
    yield Figure(f"peers.{name}.auc_above_tuned_xgboost", float(gains.mean()), f"share, {about}", ">= -0.002")
    yield Figure(f"peers.{name}.model.seconds", took, "s, all folds")
    yield Figure(f"peers.{name}.tuned_xgboost.seconds", seconds, "s, all folds, 200 trials each")
    yield Figure(f"peers.{name}.seconds_ratio", took / seconds, "of the peer's seconds", "<= 0.1")


def _tuned(panel: Panel, split: Split, gap: int) -> tuple[np.ndarray, float]:
    """What the peer says of the test rows, and its seconds; within a fold it is tuned on the rows the model is."""
    rows = panel.matured
    encoder = Encoder.fit(rows, panel.features)
    searched = [search_split(rows.iloc[fold.train], gap).folds for fold in split.folds]
    given = {
        "X": encoder.transform(rows),
        "y": rows["churned"].to_numpy(dtype=np.float64),
        "n_folds": np.array(len(split.folds)),
        "n_inner": np.array([len(inner) for inner in searched]),
    }
    for number, (fold, inner) in enumerate(zip(split.folds, searched, strict=True)):
        given |= {f"train_{number}": fold.train, f"test_{number}": fold.test}
        for place, one in enumerate(inner):
            given |= {f"learns_{number}_{place}": one.train, f"judges_{number}_{place}": one.test}
    python = python_with("tuned-boosting", PACKAGES)
    with tempfile.TemporaryDirectory(prefix="perennial-") as home:
        source, said = Path(home) / "given.npz", Path(home) / "said.npz"
        np.savez(source, **given)  # type: ignore[arg-type]
        call(str(python), str(TUNED), str(source), str(said))
        found = np.load(said)
        return found["prob"], float(found["seconds"].sum())


def training_figures(n_rows: int, n_features: int) -> Iterator[Figure]:
    """Yield seconds and memory of training on so many rows, and how these compare with LightGBM alone."""
    from experiments.benchmarks.child import measured

    whole = measured("experiments.benchmarks.churn_peers:train_rows", n_rows, n_features)
    about = f"{n_rows:,} rows x {n_features} features, {whole.answer['shape']}"
    yield Figure("training.seconds", whole.answer["seconds"], f"s, {about}", "<= 240")
    yield Figure("training.memory", whole.gigabytes, f"GB at most, {about}", "<= 6")
    yield Figure("training.bare_lightgbm.seconds", whole.answer["bare"], "s, the same model by lightgbm.train alone")
    ratio = whole.answer["seconds"] / whole.answer["bare"]
    yield Figure("training.over_bare_lightgbm", ratio, "times its seconds", "<= 2")


def train_rows(n_rows: int, n_features: int) -> dict[str, object]:
    """Train on rows of ten dates, then the same model by LightGBM alone."""
    import lightgbm

    from features.feature import Feature
    from pipelines.churn.training import train_churn

    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_features), dtype=np.float32)
    log_odds = -3 + X[:, :20].sum(axis=1) * 0.3 + 0.4 * np.sign(X[:, 0] * X[:, 1])
    churned = rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))
    features = tuple(Feature(f"x{i}", "behaviour", "behaviour", "", f"X{i}") for i in range(n_features))
    n_accounts = n_rows // 10
    months = pd.date_range("2024-01-01", periods=10, freq="MS").as_unit("us")
    keys = {
        "account_id": np.tile(np.array([f"a{i}" for i in range(n_accounts)], dtype=object), 10),
        "as_of": np.repeat(months, n_accounts),
        "churned": pd.array(churned, dtype="boolean"),
    }
    rows = pd.DataFrame(keys | {f"x{i}": X[:, i] for i in range(n_features)}, copy=False)
    start = time.perf_counter()
    training = train_churn(rows, features, search_split(rows, 90))
    seconds = time.perf_counter() - start
    chosen = training.search.chosen
    start = time.perf_counter()
    settings = chosen.shape.settings(n_rows, 0, ())
    lightgbm.train(settings, lightgbm.Dataset(X, churned.astype(float), params=settings), chosen.trees)
    bare = time.perf_counter() - start
    return {"seconds": seconds, "bare": bare, "shape": f"{chosen.trees} trees of {chosen.shape.leaves} leaves"}
