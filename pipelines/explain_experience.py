"""The verb of experience: what accounts say, what their silence says, and what of it foretells leaving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.config import Settings
from pipelines.experience.found import Found
from pipelines.experience.programme import programme
from pipelines.experience_tables import experience_tables, published
from pipelines.train import mean_contributions

if TYPE_CHECKING:
    from features.panel import Progress


@dataclass(frozen=True)
class ExperienceFound:
    """What is found of experience as known before a date."""

    as_of: pd.Timestamp
    found: list[Found]


def explain_experience(settings: Settings, as_of: datetime | None, tell: Progress) -> ExperienceFound:
    """Return what is found of experience, as known before a date; segments and contributions are the champion's.

    Raises
    ------
    ConfigError, DataError
        when the tables cannot be read, or `as_of` lies after all that is known.
    """
    with experience_tables(settings, as_of, tell) as (_, data, release):
        rows = published(settings, data.as_of)
        contributions = None if release is None or rows is None else mean_contributions(release.churn, rows)
        tell("findings")
        return ExperienceFound(data.as_of, programme(data, tell, contributions))
