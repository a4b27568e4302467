"""Training: tables -> panel -> segments -> churn -> drivers -> experience -> release -> MLflow -> gate."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from features.catalog import Feature
from features.checks import Finding
from features.errors import ConfigError, ReleaseError
from features.panel import Panel, Progress
from features.sufficiency import fail_on_errors, panel_findings
from pipelines.card import model_card
from pipelines.causes import Causes, find_causes, what_if_table
from pipelines.challenge import Challenge, challenge
from pipelines.churn.bootstrap import Z
from pipelines.churn.complexity import Search
from pipelines.churn.evaluation import MODEL, Evaluation
from pipelines.churn.model import ChurnModel
from pipelines.churn.ranking import Ranking
from pipelines.churn.tenths import tenths
from pipelines.config import Settings
from pipelines.departed import departed
from pipelines.drivers.forest import forest_plot
from pipelines.experience.told import Programme
from pipelines.experience_tables import ProgrammeData
from pipelines.figures import reasons_figure, training_figures
from pipelines.gate import gate
from pipelines.learning import Learnt, evaluate, learn
from pipelines.manifest import Manifest
from pipelines.outlook import Terms
from pipelines.peers import usual_by_segment
from pipelines.programme import predicted, programme
from pipelines.reason_figures import reason_figures
from pipelines.reference import reference
from pipelines.registry import Run, log_release
from pipelines.release import Papers, Release, read_champion, write_release
from pipelines.sampling import current_rows, sampling, sampling_finding
from pipelines.segment_figures import segment_figures
from pipelines.segmentation import Segmentation
from pipelines.segmenting import Segmented, churn_by_segment, segment_accounts
from pipelines.tiers import tier_limits
from pipelines.training_data import read_training_data

STAGES = (
    "reading tables", "panel", "judging on held-out rows", "training", "segments", "drivers", "release",
    "experience", "MLflow",
)  # fmt: skip
EXPLAINED_ACCOUNTS = 500
REVENUE = "mrr_now"


class Learned(NamedTuple):
    """What a release is made of."""

    evaluation: Evaluation
    learnt: Learnt
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
    (panel, data, read), seed = read_training_data(settings, progress), settings.model.seed
    findings = [*panel_findings(panel, settings.model.min_churners), *sampling_finding(panel)]
    fail_on_errors(findings)
    progress("judging on held-out rows")
    evaluation = evaluate(panel, settings, progress)
    progress("training")
    learnt = learn(panel, settings, progress)
    findings += search_findings(learnt.search, settings.model.max_minutes)
    progress("segments")
    current = current_rows(panel, seed)
    champion, unread = _champion(settings)
    findings += unread
    segmented = segment_accounts(panel, current, settings.segments, champion, seed=seed)
    segmentations = segmented.segmentations
    progress("drivers")
    contributions = mean_contributions(learnt.churn, current)
    causes = find_causes(data, settings, segmentations, contributions)
    saved = what_if_table(data, settings, segmentations, causes)
    progress("release")
    contest = challenge(champion, evaluation, panel, settings) if champion else None
    learned = Learned(evaluation, learnt, segmented, contest)
    release = replace(
        _release(settings, panel, current, learned),
        drivers=causes.table,
        what_if=saved,
        ranking=Ranking.of(contributions),
    )
    progress("experience")
    release = replace(release, programme=programme_of(read, release, current, settings))
    papers = _papers(release, panel, current, learned, (contributions, causes))
    registered = _log(settings, release, papers, evaluation, progress)
    return Training(release, evaluation, contributions, causes, findings, registered)


def _papers(
    release: Release, panel: Panel, current: pd.DataFrame, learned: Learned, found: tuple[pd.DataFrame, Causes]
) -> Papers:
    """The card, the reference and the pictures; `found` are mean contributions and causes."""
    (contributions, causes), segmented, evaluation = found, learned.segmented, learned.evaluation
    return Papers(
        card=model_card(
            release,
            evaluation,
            contributions,
            segmented,
            churn_by_segment(segmented.segmentations, panel.matured, evaluation.predictions),
            causes,
        ),
        reference=reference(current, panel.features),
        figures=training_figures(evaluation.predictions)
        | {"reasons": reasons_figure(contributions), "drivers": forest_plot(causes.table)}
        | reason_figures(release.churn, current)
        | segment_figures(segmented, current),
    )


def programme_of(read: ProgrammeData, release: Release, current: pd.DataFrame, settings: Settings) -> Programme:
    """Return the programme by what a release says of current rows; revenue at risk only where no row was left out."""
    if read.tables is None:
        return Programme.untold(read.why_not)
    said = predicted(release, current)
    if "sample" in release.manifest.metrics:
        said = replace(said, scores=None, unscored="only a sample of the accounts was read; see perennial value")
    return programme(read.tables, said, settings.value)


def search_findings(search: Search, max_minutes: float) -> list[Finding]:
    """Return a warning where it was the time that ended the search: how many trials that takes hangs on the machine."""
    if not search.is_out_of_time:
        return []
    what = f"[model] max_minutes = {max_minutes:g} ended the search for the trees after {search.n_trials} trials"
    do = f"allow more; or ask for trials = {search.n_trials}, which gives the same model on any machine"
    return [Finding("model", "max_minutes", "warning", what, search.n_trials, do)]


def mean_contributions(churn: ChurnModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Return sentence, family, tier, mean_contribution (log-odds, absolute) by feature, the largest first.

    `low` and `high` are its 95 % interval over accounts, which are as good as drawn.
    """
    sample = rows.iloc[np.linspace(0, len(rows) - 1, min(len(rows), EXPLAINED_ACCOUNTS)).astype(int)]
    contributions, _ = churn.contributions(sample)
    sizes = np.abs(contributions)
    features, mean = churn.encoder.features, sizes.mean(axis=0)
    reach = Z * sizes.std(axis=0) / np.sqrt(len(sizes))
    frame = pd.DataFrame(
        {
            "feature": [feature.name for feature in features],
            "sentence": [feature.sentence for feature in features],
            "family": [feature.family for feature in features],
            "tier": [feature.tier for feature in features],
            "mean_contribution": mean,
            "low": np.maximum(mean - reach, 0.0),
            "high": mean + reach,
        }
    )
    frame = frame.sort_values(["mean_contribution", "feature"], ascending=[False, True], ignore_index=True)
    frame.attrs["n_accounts"] = len(sample)
    return frame


def data_fingerprint(rows: pd.DataFrame) -> str:
    """Return the SHA-256 of a panel's rows: equal data, equal fingerprint."""
    hashed = pd.util.hash_pandas_object(rows.astype({"account_id": "str"}), index=False)
    return hashlib.sha256(hashed.to_numpy().tobytes() + ",".join(rows.columns).encode()).hexdigest()


def version_of(as_of: str | None, learnt: Learnt, segmentations: Mapping[str, Segmentation], data: str) -> str:
    """Return the release's name: its date, and a digest of what it is, so that equal training gives an equal name."""
    churn = learnt.churn
    parts = [churn.text, churn.encoder.to_json(), churn.calibration.to_json(), data]
    parts += [json.dumps(segmentations[name].to_json(), sort_keys=True) for name in sorted(segmentations)]
    parts += [str(learnt.curve.booster.model_to_string())] if learnt.curve else []
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
    return f"{as_of or 'undated'}-{digest}"


def terms_of(settings: Settings, features: tuple[Feature, ...]) -> Terms:
    """Return how revenue at risk is reckoned, as the settings say, from a feature that is there.

    Raises
    ------
    ConfigError
        when [value] revenue names a feature that is not there.
    """
    said, there = settings.value, {feature.name for feature in features}
    if said.revenue is not None and said.revenue not in there:
        came = f"[value] revenue = {said.revenue!r}"
        raise ConfigError.of(came, "the name of a feature as `perennial catalog` lists them", "correct it")
    usual = REVENUE if REVENUE in there else None
    return Terms(
        revenue=said.revenue or usual,
        margin=said.margin,
        discount_rate=said.discount_rate,
        value_days=said.days,
        horizons_days=settings.churn.further_horizons_days,
    )


def _release(
    settings: Settings,
    panel: Panel,
    current: pd.DataFrame,
    learned: Learned,
) -> Release:
    evaluation, learnt, segmented, contest = learned
    churn = learnt.churn
    churned, said = panel.rows["churned"].dropna(), sampling(panel)
    n_rows = said.get("n_rows", len(churned))
    as_of = f"{current['as_of'].max():%Y-%m-%d}" if "as_of" in current else None
    prob = churn.prob(current)
    fingerprint = data_fingerprint(panel.rows)
    judged = [asdict(one) for one in tenths(evaluation.predictions, MODEL)]
    manifest = Manifest(
        version=version_of(as_of, learnt, segmented.segmentations, fingerprint),
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
        metrics=evaluation.to_dict() | {"tenths": judged} | ({"sample": said} if said else {}),
        tiers=tier_limits(prob, settings.tiers),
        score_quantiles=tuple(np.quantile(prob, np.linspace(0, 1, 101)).tolist()),
        gate=gate(evaluation, contest),
        terms=terms_of(settings, panel.features),
        trials=learnt.search.n_trials,
        departed=departed(panel.departures),
    )
    return Release(
        manifest,
        churn,
        learnt.uncertainty,
        segmented.segmentations,
        portraits=segmented.portraits,
        comparisons=segmented.comparisons,
        peers=usual_by_segment(segmented.segmentations, current, churn.encoder),
        curve=learnt.curve,
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
        } | release.programme.metrics()
        params = {
            "definition": settings.churn.definition,
            "horizon_days": settings.churn.horizon_days,
            "seed": settings.model.seed,
            "n_features": len(release.churn.encoder.features),
            "n_rows": release.manifest.n_rows,
            "trees": release.churn.booster.num_trees(),
            "trials": release.manifest.trials,
            "gate_passed": release.manifest.gate.passed,
        }
        run = Run(params, metrics, ", ".join(settings.tables), release.manifest.n_rows)
        return log_release(settings, folder, release, run)
