"""What the verbs of the experience programme read: the tables as known before a date, and what the champion says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.cutoffs import observed_until
from features.departures import read_departures
from features.errors import DataError
from pipelines.config import Settings
from pipelines.engine import churn_definition, opened_tables, panel_settings
from pipelines.experience.inputs import ExperienceData, read_experience
from pipelines.release import Release, read_champion
from pipelines.score import PUBLISHED
from pipelines.segments import segment_names

if TYPE_CHECKING:
    from features.panel import Progress
    from features.warehouse import Warehouse

STAGES = ("reading tables", "departures", "experience", "findings")
MOST_EXPLAINED = 500
"""Accounts, the most at risk, whose reasons are summed by family."""


@contextmanager
def experience_tables(
    settings: Settings, as_of: datetime | None, tell: Progress
) -> Iterator[tuple[Warehouse, ExperienceData, Release | None]]:
    """Yield the opened tables, what the programme is computed from, and the champion where there is one.

    Raises
    ------
    ConfigError, DataError
        when tables cannot be read, or `as_of` lies after all that is known.
    """
    release = read_champion(settings.releases_folder)
    with opened_tables(settings, tell) as warehouse:
        known = panel_settings(settings)
        last = known.observed_until or observed_until(warehouse, known.today)
        date = last if as_of is None else pd.Timestamp(as_of)
        if date > last:
            raise DataError.of(f"an as-of date {date:%Y-%m-%d}", f"at most {last:%Y-%m-%d}", "name an earlier one")
        tell("departures")
        churn = churn_definition(settings)
        departures = read_departures(warehouse, churn, known)
        tell("experience")
        grace = churn.matures_days - churn.horizon_days
        segments = _segments(settings, release, date)
        yield (
            warehouse,
            read_experience(warehouse, date, departures=departures, grace_days=grace, segments=segments),
            release,
        )


def published(settings: Settings, until: pd.Timestamp) -> pd.DataFrame | None:
    """Return the accounts' rows as they were last scored; None where none were, or later than a date."""
    path = settings.state_folder / PUBLISHED
    if not path.is_file():
        return None
    rows = pd.read_parquet(path)
    return rows if "as_of" not in rows or rows["as_of"].max() <= until else None


def scores_of(settings: Settings, release: Release | None, until: pd.Timestamp) -> pd.DataFrame | None:
    """Return account_id, churn_prob and mrr of the accounts as they were last scored; None without a champion."""
    rows = published(settings, until)
    if release is None or rows is None:
        return None
    name = release.manifest.terms.revenue
    revenue = rows[name].to_numpy(dtype=float) if name and name in rows else np.full(len(rows), np.nan)
    probs = release.churn.prob({str(name): rows[name] for name in rows})
    return pd.DataFrame({"account_id": rows["account_id"].astype(str), "churn_prob": probs, "mrr": revenue})


def attributed_of(settings: Settings, release: Release | None, until: pd.Timestamp) -> pd.DataFrame | None:
    """Return account_id, domain (a family of features) and contribution, of those most at risk."""
    rows = published(settings, until)
    if release is None or rows is None:
        return None
    probs = release.churn.prob({str(name): rows[name] for name in rows})
    some = rows.iloc[np.argsort(-probs, kind="stable")[:MOST_EXPLAINED]]
    parts, _ = release.churn.contributions({str(name): some[name] for name in some})
    families = [feature.family for feature in release.churn.encoder.features]
    summed = pd.DataFrame(parts, columns=pd.Index(families)).T.groupby(level=0).sum().T
    told = summed.assign(account_id=some["account_id"].astype(str).to_numpy())
    return told.melt(id_vars="account_id", var_name="domain", value_name="contribution")


def _segments(settings: Settings, release: Release | None, until: pd.Timestamp) -> pd.DataFrame | None:
    rows = published(settings, until)
    if release is None or rows is None:
        return None
    named = {name: segment_names(one, rows) for name, one in release.segmentations.items() if one.is_divided}
    return pd.DataFrame({"account_id": rows["account_id"].astype(str), **named})
