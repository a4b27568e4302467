"""The verbs of the experience programme: each opens the tables and computes the part that it tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.config import Settings
from pipelines.experience.engagement.engaged import engaged, read_deeds
from pipelines.experience.found import Found
from pipelines.experience.journeys.visits import read_met, read_moves
from pipelines.experience.told import Programme
from pipelines.experience.value.money import money
from pipelines.experience.value.references import read_references
from pipelines.experience.voice.programme import programme as voice
from pipelines.experience_tables import experience_tables
from pipelines.investing import returns_of
from pipelines.programme import beside_of, maps_of, programme, read_programme, value_terms, ways_of

if TYPE_CHECKING:
    from features.panel import Progress


@dataclass(frozen=True)
class Explained:
    """What a verb tells: figures as known before a date, rows of accounts, and of journeys the maps."""

    as_of: pd.Timestamp
    found: Sequence[Found]
    accounts: pd.DataFrame = field(default_factory=pd.DataFrame)
    maps: Sequence[Mapping[str, Any]] = ()


def explain_experience(settings: Settings, as_of: datetime | None, tell: Progress) -> Explained:
    """Return what is found of experience; segments and contributions are the champion's.

    Raises
    ------
    ConfigError, DataError
        when the tables cannot be read, or `as_of` lies after all that is known; so of the other verbs.
    """
    with experience_tables(settings, as_of, tell) as opened:
        tell("findings")
        return Explained(opened.data.as_of, voice(opened.data, tell, opened.said.attributed))


def explain_engagement(settings: Settings, as_of: datetime | None, tell: Progress) -> Explained:
    """Return what is found of engagement, and one row an account."""
    with experience_tables(settings, as_of, tell) as opened:
        tell("findings")
        found = engaged(opened.data, read_deeds(opened.warehouse, opened.data))
        return Explained(opened.data.as_of, found.found, found.accounts)


def explain_journeys(settings: Settings, as_of: datetime | None, tell: Progress) -> Explained:
    """Return the maps and figures of journeys."""
    with experience_tables(settings, as_of, tell) as opened:
        tell("findings")
        data, warehouse = opened.data, opened.warehouse
        moves, met = read_moves(warehouse, data.as_of, data.departures), read_met(warehouse, data.as_of)
        found = ways_of(data, moves, met, read_references(warehouse, data.as_of), opened.said.drivers)
        return Explained(data.as_of, found.found, maps=maps_of(found))


def explain_value(
    settings: Settings, as_of: datetime | None, tell: Progress, *, invest: tuple[str, float] | None = None
) -> Explained:
    """Return what experience is worth, and whom to ask for a reference.

    Parameters
    ----------
    invest
        name of a driver, and what it would cost an account to make it good: whether that pays.
    """
    with experience_tables(settings, as_of, tell) as opened:
        tell("findings")
        references = read_references(opened.warehouse, opened.data.as_of)
        found, ask = money(opened.data, beside_of(references, opened.said), value_terms(settings.value))
        returns = () if invest is None else returns_of(found, opened.said.drivers, *invest)
        return Explained(opened.data.as_of, (*found, *returns), ask.accounts)


def explain_programme(settings: Settings, as_of: datetime | None, tell: Progress) -> Programme:
    """Return the whole programme, the tables opened and read once."""
    with experience_tables(settings, as_of, tell) as opened:
        tables = read_programme(opened.warehouse, opened.data)
        tell("findings")
        return programme(tables, opened.said, settings.value)
