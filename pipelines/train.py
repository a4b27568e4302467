"""Training: tables -> panel -> segments -> churn -> release -> MLflow -> gate."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from features.catalog import Feature
from features.checks import Finding
from features.errors import ReleaseError
from features.panel import Panel, PanelPlan, Progress, training_plan
from features.sources import Warehouse
from features.sufficiency import fail_on_errors, panel_findings
from pipelines.card import model_card
from pipelines.causes import Causes, DriverData, driver_data, find_causes
from pipelines.challenge import Challenge, challenge
from pipelines.churn.evaluation import ON_LOGS, Evaluation, Learner, held_out_evaluation, usual_learners
from pipelines.churn.model import ChurnModel
from pipelines.churn.splits import evaluation_split, search_split
from pipelines.churn.training import train_churn
from pipelines.config import Settings
from pipelines.drivers.forest import forest_plot
from pipelines.engine import churn_definition, opened_tables, panel_parts, panel_settings
from pipelines.figures import reasons_figure, training_figures
from pipelines.panel_file import read_panel_rows
from pipelines.reference import reference
from pipelines.registry import Run, log_release
from pipelines.release import Gate, Manifest, Papers, Release, TierLimits, read_champion, version_of, write_release
from pipelines.sampling import CURRENT_SHARE, current_rows, sampling, sampling_finding
from pipelines.segment_figures import segment_figures
from pipelines.segmenting import Segmented, churn_by_segment, segment_accounts

STAGES = (
    "reading tables", "panel", "judging on held-out rows", "training", "segments", "drivers", "release", "MLflow",
)  # fmt: skip
EXPLAINED_ACCOUNTS = 500


class TrainingData(NamedTuple):
    """What a training run reads of the tables."""

    panel: Panel
    drivers: DriverData


class Learned(NamedTuple):
    """What a release is made of."""

    evaluation: Evaluation
    churn: ChurnModel
    segmented: Segmented
    contest: Challenge | None


@dataclass(frozen=True)
class Training:
    """What a training run came to."""

    release: Release
    evaluation: Evaluation
    contributions: pd.DataFrame
    causes: Causes
    findings: list[Finding]
    registered: str


def train(settings: Settings, progress: Progress) -> Training:
    """Train on the settings' tables, log and register the release, and return it with the gate's verdict.

    Raises
    ------
    ConfigError, DataError, ModelError
        when the tables cannot be read, break the contract, or cannot carry a model.
    """
    (panel, data), seed = read_training_data(settings, progress), settings.model.seed
    findings = [*panel_findings(panel, settings.model.min_churners), *sampling_finding(panel)]
    fail_on_errors(findings)
    progress("judging on held-out rows")
    evaluation = evaluate(panel, settings, progress)
    progress("training")
    churn = learn(panel, settings, progress)
    progress("segments")
    current = current_rows(panel, seed)
    champion, unread = _champion(settings)
    findings += unread
    segmented = segment_accounts(panel, current, settings.segments, champion, seed=seed)
    segmentations = segmented.segmentations
    progress("drivers")
    contributions = mean_contributions(churn, current)
    causes = find_causes(data, settings, segmentations, contributions)
    progress("release")
    contest = challenge(champion, evaluation, panel, settings) if champion else None
    learned = Learned(evaluation, churn, segmented, contest)
    release = replace(_release(settings, panel, current, learned), drivers=causes.table)
    papers = Papers(
        card=model_card(
            release.manifest,
            evaluation,
            contributions,
            segmented,
            churn_by_segment(segmentations, panel.matured, evaluation.predictions),
            causes,
        ),
        reference=reference(current, panel.features),
        figures=training_figures(evaluation.predictions)
        | {"reasons": reasons_figure(contributions), "drivers": forest_plot(causes.table)}
        | segment_figures(segmented, current),
    )
    registered = _log(settings, release, papers, evaluation, progress)
    return Training(release, evaluation, contributions, causes, findings, registered)


def read_panel(settings: Settings, progress: Progress) -> Panel:
    """Return the training panel of the settings' tables, sampled where there are more than `most_rows`."""
    return read_training_data(settings, progress).panel


def read_training_data(settings: Settings, progress: Progress) -> TrainingData:
    """Return the training panel, and the rows that effects are learnt from."""
    with opened_tables(settings, progress) as warehouse:
        progress("panel")
        plan, files = training_files(warehouse, settings, progress)
        return TrainingData(sampled_panel(plan, files, settings), driver_data(warehouse, plan, files, settings))


def read_driver_data(settings: Settings, progress: Progress) -> DriverData:
    """Return the rows that effects are learnt from."""
    with opened_tables(settings, progress) as warehouse:
        progress("panel")
        return driver_data(warehouse, *training_files(warehouse, settings, progress), settings)


def training_files(warehouse: Warehouse, settings: Settings, progress: Progress) -> tuple[PanelPlan, tuple[Path, ...]]:
    """Return the plan of the training panel, and Parquet files with its rows."""
    plan = training_plan(warehouse, churn_definition(settings), panel_settings(settings))
    return plan, panel_parts(warehouse, plan, settings, progress)


def sampled_panel(plan: PanelPlan, files: Sequence[Path], settings: Settings) -> Panel:
    """Return the training panel of a plan's files, sampled where there are more than `most_rows`."""
    names = [name for name in plan.recipe.schema.names if plan.is_dated or name != "as_of"]
    found = read_panel_rows(files, names, most_rows=settings.model.most_rows, seed=settings.model.seed)
    found.rows.attrs[CURRENT_SHARE] = found.current_share
    recipe = plan.recipe
    return Panel(
        found.rows,
        recipe.features,
        recipe.churn,
        plan.observed_until,
        plan.left_out,
        n_rows=found.n_rows,
        kept_share=found.kept_share,
    )


def evaluate(panel: Panel, settings: Settings, progress: Progress | None = None) -> Evaluation:
    """Return the model beside its baselines on rows it has not seen: out of time where there are dates."""
    matured, gap, seed = panel.matured, panel.definition.matures_days, settings.model.seed
    split = evaluation_split(matured, gap, n_folds=settings.model.folds, seed=seed)
    learners = learners_of(panel, settings, progress)
    return held_out_evaluation(matured, panel.features, split, learners, seed=seed, kept_share=panel.kept_share)


def learners_of(panel: Panel, settings: Settings, progress: Progress | None = None) -> dict[str, Learner]:
    """Return the model and what it has to beat, as they learn from such a panel."""
    return usual_learners(
        gap_days=panel.definition.matures_days,
        rule_column=settings.model.rule_column or usual_rule(panel.features),
        seed=settings.model.seed,
        kept_share=panel.kept_share,
        progress=progress,
    )


def learn(panel: Panel, settings: Settings, progress: Progress) -> ChurnModel:
    """Return the model of every row whose label is known."""
    matured, seed = panel.matured, settings.model.seed
    split = search_split(matured, panel.definition.matures_days, n_folds=settings.model.folds, seed=seed)
    return train_churn(matured, panel.features, split, seed=seed, kept_share=panel.kept_share, progress=progress).model


def usual_rule(features: tuple[Feature, ...]) -> str | None:
    """Return recency, the rule that companies use, where there is one; else None: the best single column is found."""
    return next((feature.name for feature in features if feature.name == "recency_days"), None)


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


def gate(evaluation: Evaluation, contest: Challenge | None = None) -> Gate:
    """Return whether the model may serve.

    It has to beat the usual baselines, not be worse than a careful one, and not lose against the champion.
    """
    worse = [v.sentence for v in evaluation.verdicts if (v.loses if v.baseline == ON_LOGS else not v.beats)]
    refused = (*worse, *(contest.refused_for if contest else ()))
    sentences = (*(verdict.sentence for verdict in evaluation.verdicts), *(contest.sentences if contest else ()))
    return Gate(passed=not refused, sentences=sentences, refused_for=refused)


def _release(
    settings: Settings,
    panel: Panel,
    current: pd.DataFrame,
    learned: Learned,
) -> Release:
    evaluation, churn, segmented, contest = learned
    churned, said = panel.rows["churned"].dropna(), sampling(panel)
    n_rows = said.get("n_rows", len(churned))
    as_of = f"{current['as_of'].max():%Y-%m-%d}" if "as_of" in current else None
    prob = churn.prob(current)
    high = settings.tiers.high_share
    fingerprint = data_fingerprint(panel.rows)
    manifest = Manifest(
        version=version_of(as_of, churn, segmented.segmentations, fingerprint),
        created=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        code_version=installed_version("perennial"),
        data_fingerprint=fingerprint,
        as_of=as_of,
        learnt_until=f"{panel.matured['as_of'].max():%Y-%m-%d}" if as_of else None,
        horizon_days=panel.definition.horizon_days,
        definition=panel.definition.sentence,
        n_accounts=int(panel.rows.loc[churned.index, "account_id"].nunique()),
        n_rows=n_rows,
        churn_rate=float(churned.sum() / n_rows),
        metrics=evaluation.to_dict() | ({"sample": said} if said else {}),
        tiers=TierLimits(
            high_prob=float(np.quantile(prob, 1 - high)),
            medium_prob=float(np.quantile(prob, max(0.0, 1 - high - settings.tiers.medium_share))),
        ),
        score_quantiles=tuple(np.quantile(prob, np.linspace(0, 1, 101)).tolist()),
        gate=gate(evaluation, contest),
    )
    return Release(
        manifest, churn, segmented.segmentations, portraits=segmented.portraits, comparisons=segmented.comparisons
    )


def _champion(settings: Settings) -> tuple[Release | None, list[Finding]]:
    """The release that serves; where it cannot be read, none, and a warning, since that does not stand in the way."""
    try:
        return read_champion(settings.releases_folder), []
    except ReleaseError as problem:
        why = f"segments get new ids, as those of the champion cannot be read: {problem}"
        return None, [Finding("release", "segments", "warning", why, 1, "look whether the ids matter to anyone")]


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
