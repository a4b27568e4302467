"""What rankings by importance say of the same candidates: SHAP and permutation, of a churn model on all features."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from features.compute import parts
from features.feature import Feature
from pipelines.drivers.causal_order import same_source
from pipelines.drivers.covariates import within_window
from pipelines.drivers.driver import known_drivers
from pipelines.drivers.rows import DriverRows

Floats = npt.NDArray[Any]
# As every churn tool does it: one model on everything known now.
MODEL: dict[str, Any] = {
    "objective": "binary", "num_leaves": 8, "learning_rate": 0.05, "feature_fraction": 0.5, "min_data_in_leaf": 40,
    "lambda_l2": 10.0, "max_bin": 63, "num_threads": 1, "verbose": -1,
}  # fmt: skip
TREES, EXPLAINED = 150, 3000


def importances(rows: DriverRows, seed: int) -> dict[str, dict[str, float]]:
    """Return the importance of each driver, and of each consequence of leaving, by SHAP and by permutation."""
    features = [feature for feature in rows.features if rows.now[feature.name].nunique() > 1]
    matrix = within_window(rows, [feature.name for feature in features]).matrix
    due = ~np.isnan(rows.churned)
    X, y = matrix[due], rows.churned[due]
    booster = lgb.train(MODEL | {"seed": seed}, lgb.Dataset(X, y), TREES)
    sample = np.random.default_rng(seed).permutation(len(X))[:EXPLAINED]
    shap = np.abs(np.asarray(booster.predict(X[sample], pred_contrib=True))[:, :-1]).mean(axis=0)
    columns = _columns(rows, features)
    return {
        "SHAP": {name: float(shap[places].sum()) for name, places in columns.items()},
        "permutation": {
            name: _loss_when_shuffled(booster, X[sample], y[sample], places, seed) for name, places in columns.items()
        },
    }


def consequences(rows: DriverRows) -> list[str]:
    """Return the kinds of events that are consequences of leaving (tier intent)."""
    kinds = [part.kind for feature in rows.features if feature.tier == "intent" for part in parts(feature.compute)]
    return sorted({kind for kind in kinds if kind})


def _columns(rows: DriverRows, features: list[Feature]) -> dict[str, Floats]:
    """The places of the columns that tell of each candidate."""
    found = {
        driver.name: [i for i, feature in enumerate(features) if same_source(feature, driver.feature)]
        for driver in known_drivers(rows.features)
    }
    for kind in consequences(rows):
        found[kind] = [i for i, one in enumerate(features) if any(part.kind == kind for part in parts(one.compute))]
    return {name: np.array(places, dtype=int) for name, places in found.items() if places}


def _loss_when_shuffled(booster: lgb.Booster, X: Floats, y: Floats, places: Floats, seed: int) -> float:
    """How much the log loss rises when a candidate's columns are dealt out at random."""
    shuffled = X.copy()
    shuffled[:, places] = X[np.random.default_rng(seed).permutation(len(X))][:, places]
    return _log_loss(booster, shuffled, y) - _log_loss(booster, X, y)


def _log_loss(booster: lgb.Booster, X: Floats, y: Floats) -> float:
    prob = np.clip(np.asarray(booster.predict(X)), 1e-6, 1 - 1e-6)
    return float(-np.mean(y * np.log(prob) + (1 - y) * np.log(1 - prob)))
