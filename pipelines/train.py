"""Training: tables -> panel -> segments -> churn -> release -> MLflow -> gate."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.catalog import Feature
from features.checks import Finding, fail_on_rejects, read_tables
from features.labels import ChurnDefinition
from features.panel import Panel, PanelSettings, Progress, training_panel
from features.sources import open_warehouse
from features.sufficiency import fail_on_errors, panel_findings
from pipelines.card import model_card
from pipelines.churn.evaluation import ON_LOGS, Evaluation, held_out_evaluation
from pipelines.churn.model import ChurnModel
from pipelines.churn.splits import evaluation_split, search_split
from pipelines.churn.training import train_churn
from pipelines.config import Settings
from pipelines.figures import share_intervals, training_figures
from pipelines.registry import Run, log_release
from pipelines.release import Gate, Manifest, Papers, Release, TierLimits, version_of, write_release
from pipelines.segmentation import Segmentation, fit_segmentations

STAGES = ("reading tables", "panel", "judging on held-out rows", "training", "segments", "release", "MLflow")
EXPLAINED_ACCOUNTS = 500


@dataclass(frozen=True)
class Training:
    """What a training run came to."""

    release: Release
    evaluation: Evaluation
    contributions: pd.DataFrame
    findings: list[Finding]
    registered: str


def train(settings: Settings, progress: Progress) -> Training:
    """Train on the settings' tables, log and register the release, and return it with the gate's verdict.

    Raises
    ------
    ConfigError, DataError, ModelError
        when the tables cannot be read, break the contract, or cannot carry a model.
    """
    panel = read_panel(settings, progress)
    findings = panel_findings(panel, settings.model.min_churners)
    fail_on_errors(findings)
    matured, gap = panel.matured, panel.definition.matures_days
    progress("judging on held-out rows")
    evaluation = evaluate(panel, settings, progress)
    progress("training")
    split = search_split(matured, gap, n_folds=settings.model.folds, seed=settings.model.seed)
    churn = train_churn(matured, panel.features, split, seed=settings.model.seed, progress=progress).model
    progress("segments")
    current = latest(panel.rows)
    segmentations = fit_segmentations(
        current, panel.features, max_segments=settings.model.max_segments, seed=settings.model.seed
    )
    progress("release")
    contributions = mean_contributions(churn, current)
    release = _release(settings, panel, evaluation, churn, segmentations)
    papers = _papers(release, evaluation, contributions, panel)
    registered = _log(settings, release, papers, evaluation, progress)
    return Training(release, evaluation, contributions, findings, registered)


def read_panel(settings: Settings, progress: Progress) -> Panel:
    """Return the training panel of the settings' tables."""
    progress("reading tables")
    with open_warehouse(settings.engine.memory_limit, settings.engine.threads) as warehouse:
        fail_on_rejects(read_tables(warehouse, settings.sources), settings.data.on_reject)
        progress("panel")
        return training_panel(warehouse, churn_definition(settings), panel_settings(settings), progress)


def churn_definition(settings: Settings) -> ChurnDefinition:
    """What churn is, as the settings say."""
    churn = settings.churn
    return ChurnDefinition(churn.definition, churn.horizon_days, churn.grace_days, churn.inactive_days)


def panel_settings(settings: Settings) -> PanelSettings:
    """Which as-of dates there are, and the features' words, as the settings say."""
    since, until = settings.panel.observed_from, settings.panel.observed_until
    words = {name: said.model_dump(exclude_none=True) for name, said in settings.features.items()}
    return PanelSettings(
        history_days=settings.panel.history_days,
        observed_from=None if since is None else pd.Timestamp(since),
        observed_until=None if until is None else pd.Timestamp(until),
        today=pd.Timestamp(datetime.now(UTC)).tz_localize(None),
        partitions=settings.engine.partitions,
        descriptions=words,
    )


def evaluate(panel: Panel, settings: Settings, progress: Progress | None = None) -> Evaluation:
    """Return the model beside its baselines on rows it has not seen: out of time where there are dates."""
    matured, gap, seed = panel.matured, panel.definition.matures_days, settings.model.seed
    split = evaluation_split(matured, gap, n_folds=settings.model.folds, seed=seed)
    rule = settings.model.rule_column or _usual_rule(panel.features)
    return held_out_evaluation(
        matured, panel.features, split, gap_days=gap, rule_column=rule, seed=seed, progress=progress
    )


def _usual_rule(features: tuple[Feature, ...]) -> str | None:
    """Recency, the rule that companies use, where there is one; else the evaluation finds the best single column."""
    return next((feature.name for feature in features if feature.name == "recency_days"), None)


def latest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per account: that of the latest as-of date, or the last given where there are no dates."""
    if "as_of" in rows:
        rows = rows[rows["as_of"] == rows["as_of"].max()]
    return rows.drop_duplicates("account_id", keep="last").reset_index(drop=True)


def mean_contributions(churn: ChurnModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Return sentence, family, mean_contribution (log-odds, absolute) by feature, the largest first."""
    sample = rows.iloc[np.linspace(0, len(rows) - 1, min(len(rows), EXPLAINED_ACCOUNTS)).astype(int)]
    contributions, _ = churn.contributions(sample)
    features = churn.encoder.features
    frame = pd.DataFrame(
        {
            "feature": [feature.name for feature in features],
            "sentence": [feature.sentence for feature in features],
            "family": [feature.family for feature in features],
            "mean_contribution": np.abs(contributions).mean(axis=0),
        }
    )
    frame = frame.sort_values(["mean_contribution", "feature"], ascending=[False, True], ignore_index=True)
    frame.attrs["n_accounts"] = len(sample)
    return frame


def data_fingerprint(rows: pd.DataFrame) -> str:
    """Return the SHA-256 of a panel's rows: equal data, equal fingerprint."""
    hashed = pd.util.hash_pandas_object(rows.astype({"account_id": "str"}), index=False)
    return hashlib.sha256(hashed.to_numpy().tobytes() + ",".join(rows.columns).encode()).hexdigest()


def gate(evaluation: Evaluation) -> Gate:
    """Return whether the model may serve: it has to beat the usual baselines, and not be worse than a careful one."""
    refused = [v for v in evaluation.verdicts if (v.loses if v.baseline == ON_LOGS else not v.beats)]
    return Gate(
        passed=not refused,
        sentences=tuple(verdict.sentence for verdict in evaluation.verdicts),
        refused_for=tuple(verdict.sentence for verdict in refused),
    )


def _release(
    settings: Settings,
    panel: Panel,
    evaluation: Evaluation,
    churn: ChurnModel,
    segmentations: Mapping[str, Segmentation],
) -> Release:
    matured, current = panel.matured, latest(panel.rows)
    as_of = f"{current['as_of'].max():%Y-%m-%d}" if "as_of" in current else None
    prob = churn.prob(current)
    high = settings.tiers.high_share
    fingerprint = data_fingerprint(panel.rows)
    manifest = Manifest(
        version=version_of(as_of, churn, segmentations, fingerprint),
        created=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        code_version=installed_version("perennial"),
        data_fingerprint=fingerprint,
        as_of=as_of,
        horizon_days=panel.definition.horizon_days,
        definition=panel.definition.sentence,
        n_accounts=int(matured["account_id"].nunique()),
        n_rows=len(matured),
        churn_rate=float(matured["churned"].astype(float).mean()),
        metrics=evaluation.to_dict(),
        tiers=TierLimits(
            high_prob=float(np.quantile(prob, 1 - high)),
            medium_prob=float(np.quantile(prob, max(0.0, 1 - high - settings.tiers.medium_share))),
        ),
        score_quantiles=tuple(np.quantile(prob, np.linspace(0, 1, 101)).tolist()),
        gate=gate(evaluation),
    )
    return Release(manifest, churn, segmentations)


def _papers(release: Release, evaluation: Evaluation, contributions: pd.DataFrame, panel: Panel) -> Papers:
    return Papers(
        card=model_card(
            release.manifest,
            evaluation,
            contributions,
            list(release.segmentations.values()),
            churn_by_segment(release, panel.matured, evaluation.predictions),
        ),
        reference=reference(latest(panel.rows), panel.features),
        figures=training_figures(evaluation.predictions, contributions),
    )


def churn_by_segment(release: Release, matured: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return segment, n_accounts, n, counted (with low and high) and predicted churn (shares) of the held-out rows."""
    rows = matured.iloc[predictions["row"]]
    churned = predictions["churned"].to_numpy(dtype=float)
    accounts = predictions["account_id"].to_numpy()
    found = []
    for name, segmentation in release.segmentations.items():
        membership = segmentation.membership(rows)
        known = np.asarray(~np.isnan(membership).any(axis=1))
        best = np.nan_to_num(membership).argmax(axis=1) if membership.shape[1] else np.zeros(len(rows), dtype=int)
        groups = [np.flatnonzero(known & (best == i)) for i in range(len(segmentation.segments))]
        low, high = share_intervals(churned, accounts, groups)
        found += [
            {
                "segment": f"{name}: {segment.name}",
                "n_accounts": len(set(accounts[group])),
                "n": len(group),
                "counted": churned[group].mean(),
                "low": low[i],
                "high": high[i],
                "predicted": predictions["model"].to_numpy(dtype=float)[group].mean(),
            }
            for i, (segment, group) in enumerate(zip(segmentation.segments, groups, strict=True))
            if len(group)
        ]
    return pd.DataFrame(found)


def reference(rows: pd.DataFrame, features: tuple[Feature, ...]) -> pd.DataFrame:
    """Return each feature's distribution when the release was made: missing share, deciles, or levels and shares."""
    return pd.DataFrame([_distribution(rows[feature.name], feature) for feature in features])


def _distribution(column: pd.Series, feature: Feature) -> dict[str, Any]:
    known = column.dropna()
    said: dict[str, Any] = {"feature": feature.name, "kind": feature.kind, "n": len(column)}
    said["missing_share"] = float(column.isna().mean()) if len(column) else 0.0
    is_number = feature.kind == "number"
    said["deciles"] = np.quantile(known, np.linspace(0, 1, 11)).tolist() if is_number and len(known) else []
    shares = known.value_counts(normalize=True) if not is_number else pd.Series(dtype=float)
    said["levels"] = [str(level) for level in shares.index]
    said["shares"] = shares.to_list()
    return said


def _log(settings: Settings, release: Release, papers: Papers, evaluation: Evaluation, progress: Progress) -> str:
    with tempfile.TemporaryDirectory(prefix="perennial-") as scratch:
        folder = Path(scratch) / release.manifest.version
        write_release(release, papers, folder)
        progress("MLflow")
        metrics = {
            f"{name.replace(' ', '_')}.{key}": interval.value
            for name, found in evaluation.figures.items()
            for key, interval in found.items()
        }
        params = {
            "definition": settings.churn.definition,
            "horizon_days": settings.churn.horizon_days,
            "seed": settings.model.seed,
            "n_features": len(release.churn.encoder.features),
            "n_rows": release.manifest.n_rows,
            "trees": release.churn.booster.num_trees(),
            "gate_passed": release.manifest.gate.passed,
        }
        run = Run(params, metrics, ", ".join(settings.tables), release.manifest.n_rows)
        return log_release(settings, folder, release, run)
