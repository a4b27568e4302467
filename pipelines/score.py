"""Scoring: every account's predicted churn, tier, segments and reasons at a date, by the champion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from features.checks import fail_on_rejects, read_tables
from features.cutoffs import observed_until
from features.errors import ReleaseError
from features.panel import Panel, Progress, panel_at
from features.sources import open_warehouse
from pipelines.churn.calibration import probability
from pipelines.churn.reasons import top_reasons
from pipelines.config import Settings
from pipelines.output import write_frame
from pipelines.release import Release, read_pointer, read_release
from pipelines.segmentation import Segmentation
from pipelines.train import churn_definition, latest, panel_settings

STAGES = ("reading the champion", "reading tables", "panel", "scoring", "writing")
REASONS = 3
PUBLISHED = "rows.parquet"


@dataclass(frozen=True)
class Scored:
    """What a scoring run came to."""

    version: str
    as_of: str | None
    n_accounts: int
    notes: list[str]


def score_accounts(settings: Settings, as_of: datetime | None, out: Path, tell: Progress) -> Scored:
    """Score every account at risk at `as_of`, write the scores, and publish the feature rows for the service."""
    tell("reading the champion")
    release = champion(settings)
    panel = panel_for(settings, as_of, tell)
    tell("scoring")
    rows = latest(panel.rows)
    scores = score_rows(release, rows)
    tell("writing")
    write_frame(scores, out)
    notes = [*_beyond_knowledge(panel), *_unknown_levels(release, rows), *publish_rows(rows, settings.state_folder)]
    date = f"{rows['as_of'].max():%Y-%m-%d}" if "as_of" in rows else None
    return Scored(release.manifest.version, date, len(rows), notes)


def champion(settings: Settings) -> Release:
    """Return the release that serves.

    Raises
    ------
    ReleaseError
        when none was promoted, or its files are damaged.
    """
    pointer = read_pointer(settings.releases_folder)
    if pointer is None:
        raise ReleaseError.of("no champion", "a promoted release", "run `perennial train`, then `perennial promote`")
    return read_release(settings.releases_folder / pointer["version"])


def panel_for(settings: Settings, as_of: datetime | None, tell: Progress) -> Panel:
    """Return the rows of every account at risk at a date; without one, at the end of what is known."""
    tell("reading tables")
    with open_warehouse(settings.engine.memory_limit, settings.engine.threads) as warehouse:
        fail_on_rejects(read_tables(warehouse, settings.sources), settings.data.on_reject)
        tell("panel")
        definition, dates = churn_definition(settings), panel_settings(settings)
        if definition.kind == "labelled":
            return panel_at(warehouse, definition, dates, pd.Timestamp(0), tell)
        date = pd.Timestamp(as_of) if as_of else (dates.observed_until or observed_until(warehouse, dates.today))
        return panel_at(warehouse, definition, dates, date, tell)


def score_rows(release: Release, rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per account, the most at risk first.

    Columns: account_id, as_of (where there is one), release, churn_prob (0 to 1, predicted), log_odds, tier, percentile
    (0 to 100), a segment of each segmentation, and the strongest reasons in words.
    """
    log_odds = release.churn.log_odds(rows)
    churn_prob = probability(log_odds)
    scores = rows[[name for name in ("account_id", "as_of") if name in rows]].assign(
        release=release.manifest.version,
        churn_prob=churn_prob,
        log_odds=log_odds,
        tier=[release.tier(prob) for prob in churn_prob],
        percentile=release.percentile(churn_prob),
    )
    for name, segmentation in release.segmentations.items():
        scores[f"{name}_segment"] = segment_names(segmentation, rows)
    texts = reason_texts(release, rows)
    for i in range(REASONS):
        scores[f"reason_{i + 1}"] = [text[i] if i < len(text) else None for text in texts]
    return scores.sort_values(["churn_prob", "account_id"], ascending=[False, True], ignore_index=True)


def segment_names(segmentation: Segmentation, rows: pd.DataFrame) -> list[str | None]:
    """Return the most probable segment of each row, None where it is unknown."""
    membership = segmentation.membership(rows)
    names: Sequence[str] = [segment.name for segment in segmentation.segments]
    if not names:
        return [None] * len(rows)
    known = np.asarray(~np.isnan(membership).any(axis=1))
    best = np.nan_to_num(membership).argmax(axis=1)
    return [names[i] if known[row] else None for row, i in enumerate(best)]


def reason_texts(release: Release, rows: pd.DataFrame) -> list[list[str]]:
    """Return the strongest reasons of each row in words, the strongest first."""
    contributions, _ = release.churn.contributions(rows)
    return [
        [reason.text for reason in top_reasons(release.churn, rows, contributions, i, REASONS)]
        for i in range(len(rows))
    ]


def publish_rows(rows: pd.DataFrame, state: Path) -> list[str]:
    """Hand the rows to the service, unless it has newer ones; return a note where it has."""
    path = state / PUBLISHED
    if path.exists() and "as_of" in rows:
        published = pd.read_parquet(path)
        if "as_of" in published and published["as_of"].max() > rows["as_of"].max():
            return [f"the service keeps its rows as of {published['as_of'].max():%Y-%m-%d}, which are newer"]
    state.mkdir(parents=True, exist_ok=True)
    write_frame(rows.drop(columns="churned", errors="ignore"), path)
    return []


def _beyond_knowledge(panel: Panel) -> list[str]:
    """A note where the date lies after all that is known: silence and missing tables look alike then."""
    until = panel.observed_until
    if until is None or "as_of" not in panel.rows or panel.rows["as_of"].max() <= until:
        return []
    return [f"the tables end before {until:%Y-%m-%d}: what happened since then is not in these scores"]


def _unknown_levels(release: Release, rows: pd.DataFrame) -> list[str]:
    encoder = release.churn.encoder
    notes = []
    for name, levels in encoder.levels.items():
        alien = sorted(set(rows[name].dropna().astype(str)) - set(levels)) if name in rows else []
        if alien:
            notes.append(f"{name}: {', '.join(alien[:3])} was not there in training and scores as missing")
    return notes
