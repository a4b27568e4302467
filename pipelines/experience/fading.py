"""How long a feeling lasts: the half-life of what attention and recommendation do to leaving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.experience.emotions import felt_emotions
from pipelines.experience.follow_up import followed, why_no_hazard
from pipelines.experience.found import Found, Verdict
from pipelines.experience.hazards import hazard_design
from pipelines.experience.lexicon import ATTENTION, RECOMMENDATION, read_lexicon
from pipelines.experience.regression import deviance_of, logit

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC, UNIT = "fading", "days"
HALF_LIVES = np.geomspace(15, 1095, 15)
LIKELY = 1.92
"""Half the 95 % point of a chi-square: as much log-likelihood may a half-life lose and still be in the interval."""
FEWEST_FELT = 100


@dataclass(frozen=True)
class Fading:
    """The half-life of one cluster's effect, its interval, and whether there is an effect at all."""

    days: float
    low: float
    high: float
    has_effect: bool
    n: int


def fading(data: ExperienceData, lexicon: Mapping[str, str] | None = None) -> list[Found]:
    """Return the half-lives of what feelings of attention and of recommendation do to leaving, and which fades sooner.

    A feeling is worth b 2^(-d/h) log-odds of leaving d days after it was last named; h is the one under which the
    departures are likeliest, on a grid of 15 days to 3 years, its interval holds those that are hardly less likely.
    Both clusters side by side; associated.
    """
    felt = felt_emotions(data, read_lexicon() if lexicon is None else lexicon)
    rows = followed(data)
    why = why_no_hazard(rows)
    if why:
        return [Found.refused(TOPIC, "half-life", why)]
    since = pd.concat([_days_since(felt, own) for _, own in rows.groupby("at")], ignore_index=True)
    found = {name: _fading(since, name, other) for name, other in _pairs()}
    return [*(_told(name, one, since) for name, one in found.items()), _order(found)]


def _pairs() -> list[tuple[str, str]]:
    return [(ATTENTION, RECOMMENDATION), (RECOMMENDATION, ATTENTION)]


def _days_since(felt: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Days since each cluster was last named, infinite where it never was."""
    at = rows["at"].iloc[0]
    last = felt[felt["answered_at"] < at].groupby(["cluster", "account_id"])["answered_at"].max()
    days = {}
    for name in (ATTENTION, RECOMMENDATION):
        own = last.loc[name] if name in last.index.get_level_values(0) else last.iloc[:0].droplevel(0)
        ago = (at - own.reindex(rows["account_id"])).dt.total_seconds() / 86_400
        days[name] = ago.fillna(np.inf).to_numpy()
    return rows.assign(**days)


def _fading(rows: pd.DataFrame, name: str, other: str) -> Fading | None:
    n = int(np.isfinite(rows[name]).sum())
    if n < FEWEST_FELT or n == len(rows):
        return None
    beside = _beside(rows, other)
    worths = (_worth(rows, name, half_life) for half_life in HALF_LIVES)
    deviance = np.array([deviance_of(rows["left"], beside.assign(felt=worth)) for worth in worths])
    best = int(np.argmin(deviance))
    likely = np.flatnonzero(deviance <= deviance[best] + 2 * LIKELY)
    # The grid is coarse: what lies between a likely half-life and its neighbour may be likely too.
    low, high = HALF_LIVES[max(likely.min() - 1, 0)], HALF_LIVES[min(likely.max() + 1, len(HALF_LIVES) - 1)]
    X = beside.assign(felt=_worth(rows, name, HALF_LIVES[best]))
    has_effect = logit(rows["left"], X, rows["account_id"]).of("felt").excludes_zero
    return Fading(float(HALF_LIVES[best]), float(low), float(high), has_effect, n)


def _beside(rows: pd.DataFrame, other: str) -> pd.DataFrame:
    """Revenue, tenure and the other cluster, however long ago it was named."""
    X = hazard_design(rows, [])
    steps = {f"{other} {days}": (rows[other] <= days).astype(float) for days in (90, 180, 365, 1095)}
    return X.assign(**{name: step for name, step in steps.items() if 0 < step.sum() < len(step)})


def _worth(rows: pd.DataFrame, name: str, half_life: float) -> npt.NDArray[np.float64]:
    """What is left of a feeling, from 1 (just named) to 0 (never)."""
    return np.asarray(np.power(2.0, -rows[name].to_numpy(dtype=float) / half_life))


def _told(name: str, one: Fading | None, rows: pd.DataFrame) -> Found:
    if one is None:
        n = int(np.isfinite(rows[name]).sum())
        why = f"{n} account-quarters after it was named; {FEWEST_FELT} are needed, and some without"
        return Found.refused(TOPIC, "half-life", why, "cluster", name)
    if not one.has_effect:
        said = "it foretells nothing, so that nothing can fade"
        return Found(TOPIC, "half-life", np.nan, unit=UNIT, group_by="cluster", group=name, n=one.n,
                     verdict="cannot tell", sentence=said)  # fmt: skip
    ends = [limit for limit in (one.low, one.high) if limit in (HALF_LIVES[0], HALF_LIVES[-1])]
    said = "the interval ends where the search does" if ends else ""
    return Found(TOPIC, "half-life", one.days, one.low, one.high, UNIT, "associated", "cluster", name, one.n,
                 rows["account_id"].nunique(), "told", said)  # fmt: skip


def _order(found: Mapping[str, Fading | None]) -> Found:
    attention, recommendation = found[ATTENTION], found[RECOMMENDATION]
    figure = "attention fades sooner"
    if not (attention and recommendation and attention.has_effect and recommendation.has_effect):
        return Found.refused(TOPIC, figure, "one of the two foretells nothing, or is hardly ever named")
    ratio = attention.days / recommendation.days
    low, high = attention.low / recommendation.high, attention.high / recommendation.low
    is_sooner = attention.high < recommendation.low
    verdict: Verdict = "found" if is_sooner else "none found" if attention.low > recommendation.high else "cannot tell"
    said = "the intervals meet" if verdict == "cannot tell" else "the intervals lie apart"
    return Found(TOPIC, figure, ratio, low, high, "times the half-life of recommendation", "associated",
                 verdict=verdict, sentence=said)  # fmt: skip
