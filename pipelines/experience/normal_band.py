"""What is normal at a touchpoint, and months that are not: control charts with a known rate of false alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.experience.clustered import FEWEST_ACCOUNTS, FEWEST_ANSWERS
from pipelines.experience.found import Found
from pipelines.experience.metrics import METRICS, SURVEY_TYPE, valued

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "normal band"
WATCHED = 12
"""The last months are held against all before them."""
FEWEST_BEFORE = 12
SEASON_FROM = 24
"""Months before, from which on a yearly season is taken out."""
FALSE_ALARMS = 0.02
"""Of charts on which nothing has changed, so many show an alarm in the watched months."""
DRAWS = 20_000
MAD_TO_SD = 1.4826
MEMORY = 0.2
"""Weight of the newest month in the moving mean that finds small lasting shifts (Roberts 1959)."""
Float = npt.NDArray[np.float64]


def normal_bands(data: ExperienceData) -> list[Found]:
    """Return the normal band of each metric and kind of survey by touchpoint and segment, and every alarm.

    A month's mean is brought to standard errors, its centre is the median of the months before the last 12, its spread
    their median absolute deviation; a yearly wave is taken out from 24 months on. An alarm is a month, or a moving mean
    of months, beyond a limit that 1 chart in 50 without any change passes once in the 12 months: the limit is had by
    drawing charts of as many months (seeded), so that few months make it wider.
    """
    answers = valued(data)
    if answers.empty:
        return [Found.refused(TOPIC, "normal band", "no answers are known; map survey_responses")]
    answers = answers[answers["month"] < data.as_of.to_period("M").to_timestamp()]
    groupings: list[Sequence[str]] = [("touchpoint",), *(("touchpoint", name) for name in data.segmentations)]
    return [one for by in groupings for one in _charts(answers, ["metric", SURVEY_TYPE, *by])]


def alarms(z: Float, months: npt.NDArray[np.int64]) -> tuple[Float, Float, float]:
    """Return the watched months' distances from normal and of their moving mean, and the limit, in spreads.

    Parameters
    ----------
    z
        monthly means in standard errors, the last 12 of them watched; months
        their numbers (one a month; gaps are allowed).
    """
    n_before = len(z) - WATCHED
    single, moving = _distances(z[None, :], months - months[0])
    limit = _limit(n_before, tuple((months - months[0]).tolist()))
    return single[0], moving[0], limit


def _charts(answers: pd.DataFrame, by: list[str]) -> Iterator[Found]:
    known = answers.dropna(subset=by)
    monthly = _monthly(known, by)
    for names, chart in monthly.groupby(by, observed=True):
        yield from _chart(tuple(str(name) for name in names), chart.sort_values("month"), by)


def _monthly(answers: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Mean and standard error of each month with enough answers; the spread of answers is the same in all months."""
    grouped = answers.groupby([*by, "month"], observed=True)
    monthly = grouped.agg(
        mean=("value", "mean"), var=("value", "var"), n=("value", "size"), n_accounts=("account_id", "nunique")
    ).reset_index()
    monthly = monthly[(monthly["n"] >= FEWEST_ANSWERS) & (monthly["n_accounts"] >= FEWEST_ACCOUNTS)]
    squares = (monthly["var"] * (monthly["n"] - 1)).groupby([monthly[name] for name in by], observed=True)
    freedom = (monthly["n"] - 1).groupby([monthly[name] for name in by], observed=True)
    error = np.sqrt(squares.transform("sum") / freedom.transform("sum") / monthly["n"])
    return monthly.assign(error=error)


def _chart(names: tuple[str, ...], chart: pd.DataFrame, by: list[str]) -> Iterator[Found]:
    metric, group_by, group = names[0], " / ".join(by[1:]), " / ".join(names[1:])
    n_before = len(chart) - WATCHED
    if n_before < FEWEST_BEFORE or float(chart["error"].min()) <= 0:
        why = f"{len(chart)} months of {FEWEST_ANSWERS} answers and more; {WATCHED + FEWEST_BEFORE} are needed"
        yield Found.refused(TOPIC, f"{metric} normal band", why, group_by, group)
        return
    mean, error = chart["mean"].to_numpy(), chart["error"].to_numpy()
    months = chart["month"].to_numpy().astype("datetime64[M]").astype(np.int64)
    typical = float(np.median(error))
    single, moving, limit = alarms((mean - np.median(mean[:n_before])) / error, months)
    watched = chart.iloc[n_before:].assign(single=single, moving=moving)
    spread = _spread(mean[:n_before] / error[:n_before], (months - months[0])[:n_before]) * typical
    centre = float(np.median(mean[:n_before]))
    unit, n, n_accounts = METRICS[metric].unit, int(chart["n"].sum()), int(chart["n_accounts"].max())
    said = f"a month of usual many answers lies in it; {100 * FALSE_ALARMS:g} % of unchanged charts alarm a year"
    yield Found(
        TOPIC, f"{metric} normal band", centre, centre - limit * spread, centre + limit * spread, unit,
        group_by=group_by, group=group, n=n, n_accounts=n_accounts, sentence=said,
    )  # fmt: skip
    yield from _alarms(metric, watched, limit, (group_by, group))


def _alarms(metric: str, watched: pd.DataFrame, limit: float, of: tuple[str, str]) -> Iterator[Found]:
    rows: Sequence[Mapping[Any, Any]] = watched.to_dict("records")
    is_out = (watched[["single", "moving"]].abs().max(axis=1) > limit).to_numpy()
    first = int(np.argmax(is_out)) if is_out.any() else -1
    unit, figure = METRICS[metric].unit, f"{metric} alarm"
    if first < 0:
        yield Found(TOPIC, figure, np.nan, group_by=of[0], group=of[1], verdict="none found",
                    sentence=f"the last {WATCHED} months are as normal")  # fmt: skip
        return
    row = rows[first]
    z = row["single"] if abs(row["single"]) > limit else row["moving"]
    which = "worse" if z < 0 else "better"
    said = f"{which} than normal since {row['month']:%Y-%m}: {abs(z):.1f} spreads, {limit:.1f} are the limit"
    half = 1.96 * row["error"]
    yield Found(TOPIC, figure, row["mean"], row["mean"] - half, row["mean"] + half, unit, "counted", of[0], of[1],
                int(row["n"]), int(row["n_accounts"]), "found", said)  # fmt: skip


def _distances(z: Float, months: npt.NDArray[np.int64]) -> tuple[Float, Float]:
    """Distances of the watched months (charts x 12) from each chart's normal, in its spreads; and of moving means."""
    n_before = z.shape[1] - WATCHED
    left = z - _wave(z, months, n_before)
    centre = np.median(left[:, :n_before], axis=1, keepdims=True)
    spread = MAD_TO_SD * np.median(np.abs(left[:, :n_before] - centre), axis=1, keepdims=True)
    single = (left[:, n_before:] - centre) / np.maximum(spread, 1e-12)
    moving, mean = np.zeros_like(single), np.zeros(len(z))
    for i in range(WATCHED):
        mean = MEMORY * single[:, i] + (1 - MEMORY) * mean
        share = MEMORY / (2 - MEMORY) * (1 - (1 - MEMORY) ** (2 * (i + 1)))
        moving[:, i] = mean / np.sqrt(share)
    return single, moving


def _wave(z: Float, months: npt.NDArray[np.int64], n_before: int) -> Float:
    """A yearly wave fitted to the months before, at all months; none where there are too few."""
    if n_before < SEASON_FROM:
        return np.zeros_like(z)
    angle = 2 * np.pi * months / 12
    basis = np.column_stack([np.ones(len(months)), np.sin(angle), np.cos(angle)])
    weights = z[:, :n_before] @ np.linalg.pinv(basis[:n_before]).T
    wave: Float = weights[:, 1:] @ basis[:, 1:].T
    return wave


def _spread(z: Float, months: npt.NDArray[np.int64]) -> float:
    left = z - _wave(z[None, :], months, len(z))[0]
    return float(MAD_TO_SD * np.median(np.abs(left - np.median(left))))


@lru_cache(maxsize=256)
def _limit(n_before: int, months: tuple[int, ...]) -> float:
    """The limit that so many unchanged charts of independent normal months pass nowhere in the watched months."""
    z = np.random.default_rng(n_before).standard_normal((DRAWS, len(months)))
    single, moving = _distances(z, np.array(months))
    highest = np.maximum(np.abs(single), np.abs(moving)).max(axis=1)
    return float(np.quantile(highest, 1 - FALSE_ALARMS))
