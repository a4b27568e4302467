"""Training: tables -> panel -> segments -> churn -> drivers -> experience -> release -> MLflow -> gate."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from features.checks import Finding
from features.errors import ReleaseError
from features.panel import Progress
from features.sufficiency import fail_on_errors, panel_findings
from pipelines.assembly import Learned, assembled, papers_of
from pipelines.causes import Causes, find_causes, what_if_table
from pipelines.challenge import challenge
from pipelines.churn.complexity import Search
from pipelines.churn.contributions import mean_contributions
from pipelines.churn.evaluation import Evaluation
from pipelines.config import Settings
from pipelines.learning import evaluate, learn
from pipelines.programme import trained_programme
from pipelines.registry import Run, log_release
from pipelines.release import Papers, Release, read_champion, write_release
from pipelines.sampling import current_rows, sampling_finding
from pipelines.segmenting import segment_accounts
from pipelines.training_data import read_training_data

STAGES = (
    "reading tables", "panel", "judging on held-out rows", "training", "segments", "drivers", "release",
    "experience", "MLflow",
)  # fmt: skip


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
    learned = Learned(evaluation, learnt, segmented, contest, contributions, causes, saved, findings)
    release = assembled(settings, panel, current, learned)
    progress("experience")
    release = replace(release, programme=trained_programme(read, release, current, settings.value))
    papers = papers_of(release, panel, current, learned)
    registered = _log(settings, release, papers, evaluation, progress)
    return Training(release, evaluation, contributions, causes, findings, registered)


def search_findings(search: Search, max_minutes: float) -> list[Finding]:
    """Return a warning where it was the time that ended the search: how many trials that takes hangs on the machine."""
    if not search.is_out_of_time:
        return []
    what = f"[model] max_minutes = {max_minutes:g} ended the search for the trees after {search.n_trials} trials"
    do = f"allow more; or ask for trials = {search.n_trials}, which gives the same model on any machine"
    return [Finding("model", "max_minutes", "warning", what, search.n_trials, do)]


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
