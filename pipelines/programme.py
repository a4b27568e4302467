"""The stage of the experience programme: opened tables -> what it reads of them -> figures, maps and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.config import Value
from pipelines.experience.engagement.engaged import Deeds, engaged, read_deeds
from pipelines.experience.found import Found
from pipelines.experience.journeys.journeys import Journeys, journeys
from pipelines.experience.journeys.visits import read_met, read_moves
from pipelines.experience.told import Programme, Told, or_refused
from pipelines.experience.value.money import Beside, Terms, experience_year, money, recommendation
from pipelines.experience.value.point_value import UnitValues
from pipelines.experience.value.references import read_references
from pipelines.experience.value.word_of_mouth import QUOTED_BAD, QUOTED_GOOD, Assumed, WordOfMouth
from pipelines.experience.voice.programme import asked
from pipelines.segments import segment_names

if TYPE_CHECKING:
    from features.warehouse import Warehouse
    from pipelines.experience.inputs import ExperienceData
    from pipelines.experience_tables import ProgrammeData
    from pipelines.release import Release

MOST_EXPLAINED = 500
"""Accounts, the most at risk, whose reasons are summed by family."""
SETTINGS = "your settings ([value])"
UNSCORED = "no champion has scored the accounts; run perennial train, promote and score"


@dataclass(frozen=True, eq=False)
class ProgrammeTables:
    """What the programme reads of tables, each once: the frames, references, what `visits` reads, and deeds."""

    data: ExperienceData
    references: pd.DataFrame
    moves: pd.DataFrame
    met: pd.DataFrame
    deeds: Deeds


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a release says of accounts; without one, nothing.

    Attributes
    ----------
    segments
        account_id, and by segmentation the name of the account's segment; None: there are none.
    scores
        account_id, churn_prob and mrr; None where accounts have no scores, and `unscored` says why.
    attributed
        account_id, family (of features) and contribution (log-odds), of those most at risk.
    drivers
        its findings of drivers.
    horizon_days
        within which churn_prob is.
    """

    segments: pd.DataFrame | None = None
    scores: pd.DataFrame | None = None
    attributed: pd.DataFrame | None = None
    drivers: pd.DataFrame = field(default_factory=pd.DataFrame)
    horizon_days: int = 0
    unscored: str = UNSCORED


def read_programme(warehouse: Warehouse, data: ExperienceData) -> ProgrammeTables:
    """Return all that the programme reads of opened tables beside the frames that are read already."""
    as_of = data.as_of
    moves, met = read_moves(warehouse, as_of, data.departures), read_met(warehouse, as_of)
    return ProgrammeTables(data, read_references(warehouse, as_of), moves, met, read_deeds(warehouse, data))


def predicted(release: Release | None, rows: pd.DataFrame | None) -> Predicted:
    """Return what a release says of rows of features, one an account; nothing without rows, or without a release."""
    if release is None:
        return Predicted()
    horizon_days = release.manifest.horizon_days
    if rows is None:
        return Predicted(drivers=release.drivers, horizon_days=horizon_days)
    columns = {str(name): rows[name] for name in rows}
    account_id, probs = rows["account_id"].astype(str).to_numpy(), release.churn.prob(columns)
    name = release.manifest.terms.revenue
    revenue = rows[name].to_numpy(dtype=float) if name and name in rows else np.full(len(rows), np.nan)
    named = {name: segment_names(one, rows) for name, one in release.segmentations.items() if one.is_divided}
    return Predicted(
        pd.DataFrame({"account_id": account_id, **named}),
        pd.DataFrame({"account_id": account_id, "churn_prob": probs, "mrr": revenue}),
        _attributed(release, rows.iloc[np.argsort(-probs, kind="stable")[:MOST_EXPLAINED]]),
        release.drivers,
        horizon_days,
    )


def _attributed(release: Release, rows: pd.DataFrame) -> pd.DataFrame:
    parts, _ = release.churn.contributions({str(name): rows[name] for name in rows})
    families = [feature.family for feature in release.churn.encoder.features]
    summed = pd.DataFrame(parts, columns=pd.Index(families)).T.groupby(level=0).sum().T
    told = summed.assign(account_id=rows["account_id"].astype(str).to_numpy())
    return told.melt(id_vars="account_id", var_name="family", value_name="contribution")


def programme(tables: ProgrammeTables, said: Predicted, value: Value) -> Programme:
    """Return the whole programme; a figure that cannot be computed is one that is refused.

    Comments are not quoted: who wrote them could not be forgotten.

    Parameters
    ----------
    value
        what the settings say of money.
    """
    data = in_segments(tables.data, said)
    questions = asked(said.attributed, quoted=False)
    voice = [one for name, ask in questions.items() for one in or_refused(name, partial(ask, data))]
    bonds = or_refused("engagement", lambda: engaged(data, tables.deeds).found)
    beside = beside_of(tables.references, said)
    worth = or_refused("value", lambda: money(data, beside, value_terms(value))[0])
    ways: list[Journeys] = []

    def found_ways() -> tuple[Found, ...]:
        ways.append(ways_of(data, tables.moves, tables.met, beside.references, said.drivers))
        return ways[0].found

    trodden = or_refused("journey", found_ways)
    date = f"{data.as_of:%Y-%m-%d}"
    return Programme(
        Told(date, (*voice, *bonds), why_not=""),
        Told(date, worth, why_not=""),
        Told(date, trodden, tuple(maps_of(ways[0])) if ways else (), why_not=""),
    )


def trained_programme(read: ProgrammeData, release: Release, current: pd.DataFrame, value: Value) -> Programme:
    """Return the programme by what a release says of current rows; revenue at risk only where no row was left out."""
    if read.tables is None:
        return Programme.untold(read.why_not)
    said = predicted(release, current)
    if "sample" in release.manifest.metrics:
        said = replace(said, scores=None, unscored="only a sample of the accounts was read; see perennial value")
    return programme(read.tables, said, value)


def in_segments(data: ExperienceData, said: Predicted) -> ExperienceData:
    """Return the data with the segments that a release puts accounts in."""
    return data if said.segments is None else replace(data, segments=said.segments)


def beside_of(references: pd.DataFrame, said: Predicted) -> Beside:
    """Return what is known of money beside the tables."""
    return Beside(references, said.scores, said.horizon_days, said.unscored)


def ways_of(
    data: ExperienceData, moves: pd.DataFrame, met: pd.DataFrame, references: pd.DataFrame, drivers: pd.DataFrame
) -> Journeys:
    """Return what is found of journeys, the year of each account beside it."""
    year = experience_year(data, recommendation(data.responses), references)
    return journeys(data, moves, met, year, drivers)


def maps_of(found: Journeys) -> list[Mapping[str, Any]]:
    """Return the maps as graphs that JSON can hold."""
    return [one.as_dict() for one in found.maps]


def value_terms(value: Value) -> Terms:
    """Return what the settings say a case, a reference, and a word are worth."""
    spoken = WordOfMouth(
        replace(QUOTED_GOOD, value=value.told_good, high=max(QUOTED_GOOD.high, value.told_good)),
        replace(QUOTED_BAD, value=value.told_bad, high=max(QUOTED_BAD.high, value.told_bad)),
        _said(value.won_per_told),
        _said(value.lost_per_told),
    )
    return Terms(value.margin, value.discount_rate, UnitValues(value.reference_value, value.case_cost), spoken)


def _said(value: float) -> Assumed:
    """A rate of the settings: it may be anything from nothing to twice as much."""
    source = SETTINGS if value else "nothing is assumed until referrals are counted"
    return Assumed(value, 0.0, 2 * value, source)
