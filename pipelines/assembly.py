"""A release put together from what training learned: its manifest, its name, and the papers that come with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from typing import NamedTuple

import numpy as np
import pandas as pd

from features.catalog import Feature
from features.checks import Finding
from features.errors import ConfigError
from features.panel import Panel
from pipelines.card import model_card
from pipelines.causes import Causes
from pipelines.challenge import Challenge
from pipelines.churn.evaluation import MODEL, Evaluation
from pipelines.churn.ranking import Ranking
from pipelines.churn.tenths import tenths
from pipelines.config import Settings
from pipelines.departed import departed
from pipelines.drivers.forest import forest_plot
from pipelines.figures import reasons_figure, training_figures
from pipelines.gate import gate
from pipelines.learning import Learnt
from pipelines.manifest import Manifest, Noted
from pipelines.outlook import Terms
from pipelines.peers import usual_by_segment
from pipelines.reason_figures import reason_figures
from pipelines.reference import reference
from pipelines.release import Papers, Release
from pipelines.sampling import sampling
from pipelines.segment_figures import segment_figures
from pipelines.segmentation import Segmentation
from pipelines.segmenting import Segmented, churn_by_segment
from pipelines.tiers import tier_limits

REVENUE = "mrr_now"


class Learned(NamedTuple):
    """What a release is made of; `findings` are of the data."""

    evaluation: Evaluation
    learnt: Learnt
    segmented: Segmented
    contest: Challenge | None
    contributions: pd.DataFrame
    causes: Causes
    saved: pd.DataFrame
    findings: Sequence[Finding]


def assembled(settings: Settings, panel: Panel, current: pd.DataFrame, learned: Learned) -> Release:
    """Return the release of what was learned; the programme, which reads it, comes to it later."""
    learnt, segmented = learned.learnt, learned.segmented
    return Release(
        manifest_of(settings, panel, current, learned),
        learnt.churn,
        learnt.uncertainty,
        segmented.segmentations,
        portraits=segmented.portraits,
        comparisons=segmented.comparisons,
        peers=usual_by_segment(segmented.segmentations, current, learnt.churn.encoder),
        curve=learnt.curve,
        drivers=learned.causes.table,
        what_if=learned.saved,
        ranking=Ranking.of(learned.contributions),
    )


def manifest_of(settings: Settings, panel: Panel, current: pd.DataFrame, learned: Learned) -> Manifest:
    """Return what a release says of itself: name, data, figures, tiers, and the gate's verdict."""
    evaluation, learnt = learned.evaluation, learned.learnt
    churned, said = panel.rows["churned"].dropna(), sampling(panel)
    n_rows = said.get("n_rows", len(churned))
    as_of = f"{current['as_of'].max():%Y-%m-%d}" if "as_of" in current else None
    prob = learnt.churn.prob(current)
    fingerprint = data_fingerprint(panel.rows)
    judged = [asdict(one) for one in tenths(evaluation.predictions, MODEL)]
    return Manifest(
        version=version_of(as_of, learnt, learned.segmented.segmentations, fingerprint),
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
        gate=gate(evaluation, learned.contest),
        terms=terms_of(settings, panel.features),
        trials=learnt.search.n_trials,
        departed=departed(panel.departures),
        noted=tuple(Noted(**asdict(one) | {"n": int(one.n)}) for one in learned.findings),
    )


def papers_of(release: Release, panel: Panel, current: pd.DataFrame, learned: Learned) -> Papers:
    """Return the card, the reference and the pictures."""
    evaluation, segmented = learned.evaluation, learned.segmented
    contributions, causes = learned.contributions, learned.causes
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
