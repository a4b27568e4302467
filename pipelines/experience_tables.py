"""What the verbs of the experience programme read: the tables as known before a date, and what the champion says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from features.cutoffs import observed_until
from features.departures import read_departures
from features.errors import DataError
from pipelines.config import Settings
from pipelines.engine import churn_definition, opened_tables, panel_settings
from pipelines.experience.inputs import ExperienceData, read_experience
from pipelines.programme import Predicted, ProgrammeTables, in_segments, predicted, read_programme
from pipelines.release import Release, read_champion
from pipelines.score import PUBLISHED

if TYPE_CHECKING:
    from features.panel import Progress
    from features.warehouse import Warehouse

STAGES = ("reading tables", "departures", "experience", "findings")


@dataclass(frozen=True)
class Opened:
    """Tables that are open, the frames read of them, the champion and what it says of accounts."""

    warehouse: Warehouse
    data: ExperienceData
    release: Release | None
    said: Predicted


@dataclass(frozen=True)
class ProgrammeData:
    """What a training run reads for the programme; without tables where there can be none, and `why_not` says why."""

    tables: ProgrammeTables | None
    why_not: str = ""


@contextmanager
def experience_tables(settings: Settings, as_of: datetime | None, tell: Progress) -> Iterator[Opened]:
    """Yield the opened tables and what the programme is computed from.

    Raises
    ------
    ConfigError, DataError
        when tables cannot be read, or `as_of` lies after all that is known.
    """
    release = read_champion(settings.releases_folder)
    with opened_tables(settings, tell) as warehouse:
        last = known_until(warehouse, settings)
        date = last if as_of is None else pd.Timestamp(as_of)
        if date > last:
            raise DataError.of(f"an as-of date {date:%Y-%m-%d}", f"at most {last:%Y-%m-%d}", "name an earlier one")
        tell("departures")
        departures = read_departures(warehouse, churn_definition(settings), panel_settings(settings))
        tell("experience")
        said = predicted(release, published(settings, date))
        data = in_segments(experience_data(warehouse, settings, date, departures), said)
        yield Opened(warehouse, data, release, said)


def programme_data(warehouse: Warehouse, settings: Settings, departures: pd.DataFrame | None) -> ProgrammeData:
    """Return what the programme reads of a training run's tables, as of the end of what is known."""
    if not set(warehouse.tables) - {"observations"}:
        return ProgrammeData(None, "flat data have no tables of answers, cases or activities: nothing is told of them")
    try:
        data = experience_data(warehouse, settings, known_until(warehouse, settings), departures)
        return ProgrammeData(read_programme(warehouse, data))
    except Exception as problem:  # what the programme cannot read must not take the training with it
        return ProgrammeData(None, f"its tables could not be read ({type(problem).__name__}: {problem})")


def known_until(warehouse: Warehouse, settings: Settings) -> pd.Timestamp:
    """Return the date before which everything is known."""
    known = panel_settings(settings)
    return known.observed_until or observed_until(warehouse, known.today)


def experience_data(
    warehouse: Warehouse, settings: Settings, date: pd.Timestamp, departures: pd.DataFrame | None
) -> ExperienceData:
    """Return the frames of the programme as known before a date, without segments."""
    churn = churn_definition(settings)
    grace_days = churn.matures_days - churn.horizon_days
    return read_experience(warehouse, date, departures=departures, grace_days=grace_days)


def published(settings: Settings, until: pd.Timestamp) -> pd.DataFrame | None:
    """Return the accounts' rows as they were last scored; None where none were, or later than a date."""
    path = settings.state_folder / PUBLISHED
    if not path.is_file():
        return None
    rows = pd.read_parquet(path)
    return rows if "as_of" not in rows or rows["as_of"].max() <= until else None
