"""The verb of engagement: who is engaged, who only must stay, and how sure one may be of either in bad times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.config import Settings
from pipelines.experience.engaged import Engaged, engaged
from pipelines.experience_tables import experience_tables

if TYPE_CHECKING:
    from features.panel import Progress


@dataclass(frozen=True)
class EngagementFound:
    """What is found of engagement as known before a date."""

    as_of: pd.Timestamp
    engaged: Engaged


def explain_engagement(settings: Settings, as_of: datetime | None, tell: Progress) -> EngagementFound:
    """Return what is found of engagement, as known before a date.

    Raises
    ------
    ConfigError, DataError
        when the tables cannot be read.
    """
    with experience_tables(settings, as_of, tell) as (warehouse, data, _):
        tell("findings")
        return EngagementFound(data.as_of, engaged(warehouse, data))
