"""All that is found of journeys: the maps, where segments differ, the design, owners and seams, the three lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.experience.designed_journey import Conformance, conformance
from pipelines.experience.deviation_cost import deviation_cost
from pipelines.experience.found import Found
from pipelines.experience.journey_differences import journey_differences
from pipelines.experience.journey_map import JourneyMap, journey_figures, journey_map
from pipelines.experience.seams import ownership, seams
from pipelines.experience.touchpoint_lists import MOMENT, touchpoint_lists

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData


@dataclass(frozen=True)
class Journeys:
    """What is found of journeys: the maps (of all accounts, then of each segment), conformance, and all figures."""

    maps: tuple[JourneyMap, ...]
    conformance: Conformance
    found: tuple[Found, ...]


def journeys(
    data: ExperienceData, moves: pd.DataFrame, met: pd.DataFrame, year: pd.DataFrame, drivers: pd.DataFrame
) -> Journeys:
    """Return all that is found of journeys.

    Parameters
    ----------
    moves, met
        of `visits`.
    year
        of `money.experience_year`; without rows where nothing is paid.
    drivers
        findings of the champion's drivers, empty without one.
    """
    maps = tuple(_maps(data, moves))
    begun = _begun(data, met)
    fit = conformance(met, data.touchpoints, begun)
    found = [
        *journey_figures(maps[0]),
        *_differences(data, moves),
        *fit.found,
        *deviation_cost(met, data.touchpoints, begun, data.departures, data.followed_until),
        *ownership(met, data.touchpoints),
        *seams(data.responses, data.touchpoints),
        *_caused(drivers),
        *touchpoint_lists(data.responses, year, data.touchpoints, data.as_of),
    ]
    return Journeys(maps, fit, tuple(found))


def _maps(data: ExperienceData, moves: pd.DataFrame) -> Iterator[JourneyMap]:
    yield journey_map(moves)
    for name in data.segmentations:
        segment = moves["account_id"].map(_segments(data, name))
        for group, own in moves.groupby(segment.to_numpy(), sort=True):
            yield journey_map(own, group_by=name, group=str(group))


def _differences(data: ExperienceData, moves: pd.DataFrame) -> Iterator[Found]:
    for name in data.segmentations:
        yield from journey_differences(moves, _segments(data, name), group_by=name)


def _segments(data: ExperienceData, name: str) -> pd.Series[str]:
    frame = data.segments.assign(account_id=data.segments["account_id"].astype(str)).drop_duplicates("account_id")
    segments: pd.Series[str] = frame.set_index("account_id")[name].dropna()
    return segments


def _begun(data: ExperienceData, met: pd.DataFrame) -> pd.DataFrame:
    """The accounts that became customers after the first event that anyone recorded: their whole journey is known."""
    if met.empty or data.accounts["created_at"].isna().all():
        return data.accounts[["account_id", "created_at"]].iloc[:0]
    is_whole = data.accounts["created_at"] >= met["first_at"].min()
    begun: pd.DataFrame = data.accounts.loc[is_whole, ["account_id", "created_at"]]
    return begun


def _caused(drivers: pd.DataFrame) -> Iterator[Found]:
    """The moments of truth among the causes that the champion holds: effect x how often, by touchpoint."""
    own = drivers[drivers["figure"] == MOMENT] if len(drivers) else drivers
    if own.empty:
        why = "the champion holds no cause with a touchpoint; see perennial drivers"
        yield Found.refused(MOMENT, f"{MOMENT}, caused", why)
    for row in own.to_dict("records"):
        yield Found(MOMENT, f"{MOMENT}, caused by {row['driver']}", float(row["value"]), float(row["low"]),
                    float(row["high"]), str(row["unit"]), "caused", str(row["group_by"]), str(row["group"]),
                    int(row["n_bad"]), int(row["n_accounts"]), "found", str(row["sentence"]))  # fmt: skip
