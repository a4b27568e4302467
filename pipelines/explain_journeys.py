"""The verb of journeys: which way accounts go, how segments differ, and where it hurts, turns or delights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.config import Settings
from pipelines.experience.journeys import Journeys, journeys
from pipelines.experience.money import experience_year, recommendation
from pipelines.experience.references import read_references
from pipelines.experience.visits import read_met, read_moves
from pipelines.experience_tables import experience_tables

if TYPE_CHECKING:
    from features.panel import Progress


@dataclass(frozen=True)
class JourneysFound:
    """What is found of journeys as known before a date."""

    as_of: pd.Timestamp
    journeys: Journeys

    def maps(self) -> list[dict[str, Any]]:
        """Return the maps as graphs that JSON can hold."""
        return [one.as_dict() for one in self.journeys.maps]


def explain_journeys(settings: Settings, as_of: datetime | None, tell: Progress) -> JourneysFound:
    """Return the maps and figures of journeys, as known before a date.

    Raises
    ------
    ConfigError, DataError
        when the tables cannot be read.
    """
    with experience_tables(settings, as_of, tell) as (warehouse, data, release):
        tell("findings")
        moves, met = read_moves(warehouse, data.as_of, data.departures), read_met(warehouse, data.as_of)
        references = read_references(warehouse, data.as_of)
        year = experience_year(data, recommendation(data.responses), references)
        drivers = release.drivers if release else pd.DataFrame()
        return JourneysFound(data.as_of, journeys(data, moves, met, year, drivers))
