"""What each account had experienced by the start of a quarter: level, spread, worst, last, and what it was used to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.follow_up import followed

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

YEAR_DAYS, RECENT_DAYS = 365, 90
FEWEST_SCORES = 3
"""In the year before: of fewer no spread is told."""
BAD = 0.5
"""From 0 to 1: a score below is a bad one."""
ALPHA = 0.3
"""Share of each surprise by which an expectation moves, where nothing better is known."""


def histories(data: ExperienceData, alpha: float = ALPHA) -> pd.DataFrame:
    """Return the followed rows of accounts with three scores and more in the year before, with what they experienced.

    Scores are standardised within metric, kind of survey and touchpoint, so that levels of different questions compare.
    Columns beside those of `followed`: level (mean), spread (standard deviation), worst, last, bad_share (of scores in
    the lower half of their scale), unrecovered (1 where the last was bad), peak_end (mean of the one furthest from
    usual and the last; Kahneman 1993), weakest (the lowest touchpoint's mean), recent (mean of the last 90 days; the
    last one where there is none), expected (what the account was used to before these, moving by `alpha`), gap.
    """
    rows, scores = followed(data), standardised(data.responses)
    if rows.empty or scores.empty:
        return rows.assign(level=pd.Series(dtype=float)).iloc[:0]
    parts = [
        own.merge(_by_then(scores, own["at"].iloc[0], alpha), on="account_id", how="inner")
        for _, own in rows.groupby("at", sort=True)
    ]
    return pd.concat(parts, ignore_index=True)


def standardised(responses: pd.DataFrame, also: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return account_id, answered_at, touchpoint, z, is_bad and `also` of all scores but needs, in order of time."""
    own = responses[responses["score"].notna() & (responses["metric"] != "need")]
    kinds = own.groupby(["metric", "survey_type", "touchpoint"], observed=True)["score"]
    z = (own["score"] - kinds.transform("mean")) / kinds.transform("std").replace(0.0, np.nan)
    found = own.assign(z=z, is_bad=own["score"] < BAD)
    found = found[["account_id", "answered_at", "touchpoint", "z", "is_bad", *also]]
    return found.dropna(subset=["z"]).sort_values(["answered_at", "account_id"], ignore_index=True)


def _by_then(scores: pd.DataFrame, at: pd.Timestamp, alpha: float) -> pd.DataFrame:
    before = scores[(scores["answered_at"] < at) & (scores["answered_at"] >= at - pd.Timedelta(days=YEAR_DAYS))]
    found = _shape(before)
    places = before.groupby(["account_id", "touchpoint"], observed=True)["z"].mean()
    found["weakest"] = places.groupby("account_id").min()
    is_recent = before["answered_at"] >= at - pd.Timedelta(days=RECENT_DAYS)
    recent = before[is_recent].groupby("account_id")["z"].mean()
    found["recent"] = recent.reindex(found.index).fillna(found["last"])
    found["expected"] = _used_to(scores[scores["answered_at"] < at - pd.Timedelta(days=RECENT_DAYS)], alpha)
    return found.assign(gap=found["recent"] - found["expected"]).reset_index()


def _shape(before: pd.DataFrame) -> pd.DataFrame:
    by = before.groupby("account_id")
    found = by["z"].agg(level="mean", spread="std", worst="min", best="max", last="last", n="size")
    found = found.assign(bad_share=by["is_bad"].mean(), unrecovered=by["is_bad"].last().astype(float))
    peak = found["worst"].where(found["worst"].abs() >= found["best"].abs(), found["best"])
    shape: pd.DataFrame = found.assign(peak_end=(peak + found["last"]) / 2)[found["n"] >= FEWEST_SCORES]
    return shape


def _used_to(scores: pd.DataFrame, alpha: float) -> pd.Series:
    """The expectation after all scores so far, by account."""
    moved = scores.groupby("account_id")["z"].ewm(alpha=alpha, adjust=False).mean()
    used_to: pd.Series = moved.groupby(level=0).last()
    return used_to
