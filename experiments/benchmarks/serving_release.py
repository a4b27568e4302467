"""A release in seconds: real features of a company's tables, one shape of trees, no search, no segments, no drivers.

For a quick look at the service and for tests of the whole chain: what is looked at is what it answers with, and how.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version as installed_version

import lightgbm
import numpy as np
import pandas as pd

from features.departures import read_departures
from features.panel import Panel
from pipelines.assembly import terms_of
from pipelines.churn.calibration import Calibration
from pipelines.churn.encoder import Encoder
from pipelines.churn.model import ChurnModel
from pipelines.churn.training import usual_values
from pipelines.config import Settings
from pipelines.engine import opened_tables, panel_settings
from pipelines.learning import learn_curve, learn_uncertainty
from pipelines.manifest import Gate, Manifest
from pipelines.pointer import write_pointer
from pipelines.release import Papers, Release, write_release
from pipelines.sampling import current_rows
from pipelines.segmentation import Wish, fit_segmentations
from pipelines.tiers import tier_limits
from pipelines.training_data import sampled_panel, training_files

LEAVES = 8
PARAMETERS = {
    "objective": "binary",
    "num_leaves": LEAVES,
    "learning_rate": 0.05,
    "min_data_in_leaf": 10,
    "num_threads": 1,
    "verbose": -1,
    "deterministic": True,
}


def promote_quick_release(settings: Settings, n_trees: int = 100) -> str:
    """Make a champion of what the settings' tables teach, and return its version; no gate is asked."""
    release = _release(settings, _panel(settings), n_trees)
    papers = Papers(card="# Made without a search, to look at the service", reference=pd.DataFrame(), figures={})
    version = release.manifest.version
    write_release(release, papers, settings.releases_folder / version)
    write_pointer(settings.releases_folder, version=version, previous=[], promoted="2026-01-01T00:00:00Z")
    return version


def _panel(settings: Settings) -> Panel:
    """The training panel, without what only drivers are learnt from."""
    with opened_tables(settings, _in_silence) as warehouse:
        plan, files = training_files(warehouse, settings, _in_silence)
        departures = read_departures(warehouse, plan.recipe.churn, panel_settings(settings))
        return replace(sampled_panel(plan, files, settings), departures=departures)


def _in_silence(stage: str) -> None:
    """Tell nobody how far it is."""


def _release(settings: Settings, panel: Panel, n_trees: int) -> Release:
    seed, matured, current = settings.model.seed, panel.matured, current_rows(panel, settings.model.seed)
    churn = _churn_model(panel, n_trees, seed)
    prob = churn.prob(current)
    as_of = f"{current['as_of'].max():%Y-%m-%d}"
    manifest = Manifest(
        version=f"{as_of}-quick",
        created=f"{as_of}T00:00:00Z",
        code_version=installed_version("perennial"),
        data_fingerprint="0" * 64,
        as_of=as_of,
        learnt_until=f"{matured['as_of'].max():%Y-%m-%d}",
        horizon_days=panel.definition.horizon_days,
        definition=panel.definition.sentence,
        n_accounts=int(matured["account_id"].nunique()),
        n_rows=len(matured),
        churn_rate=float(matured["churned"].mean()),
        metrics={},
        tiers=tier_limits(prob, settings.tiers),
        score_quantiles=tuple(np.quantile(prob, np.linspace(0, 1, 101)).tolist()),
        gate=Gate(passed=False, sentences=("not judged: made without a search, to look at the service",)),
        terms=terms_of(settings, panel.features),
    )
    uncertainty, curve = learn_uncertainty(churn, matured, seed=seed), learn_curve(panel, churn, LEAVES, seed=seed)
    undivided = {name: Wish(number=1) for name in ("firmographic", "behavioural", "needs")}
    segmentations = fit_segmentations(current, panel.features, wishes=undivided, seed=seed)
    return Release(manifest, churn, uncertainty, segmentations, curve=curve)


def _churn_model(panel: Panel, n_trees: int, seed: int) -> ChurnModel:
    rows = panel.matured
    encoder = Encoder.fit(rows, panel.features)
    churned = rows["churned"].to_numpy(dtype=np.float64)
    X = encoder.transform(rows)
    data = lightgbm.Dataset(X, churned, categorical_feature=encoder.native)
    booster = lightgbm.train({**PARAMETERS, "seed": seed}, data, num_boost_round=n_trees)
    usual = usual_values(encoder, X, np.ones(len(rows)))
    return ChurnModel.of_text(booster.model_to_string(), encoder, Calibration(0.0, 1.0), usual)
