"""Accounts at the start of each quarter, and whether they left within it: what hazards are learnt from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.account_draw import drawn

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

QUARTER_DAYS = 90
MOST_ROWS, SEED = 150_000, 20
FEWEST_LEFT = 30
"""Departures, below which no hazard is told."""


def quarters(data: ExperienceData, most: int = 12) -> pd.DatetimeIndex:
    """Return the latest starts of quarters whose departures are all known, oldest first; they do not overlap.

    >>> from pipelines.experience.inputs import ExperienceData
    >>> len(quarters(ExperienceData.empty(pd.Timestamp("2025-01-01"))))
    0
    """
    if data.followed_until is None:
        return pd.DatetimeIndex([])
    last = data.followed_until - pd.Timedelta(days=QUARTER_DAYS)
    found = pd.DatetimeIndex([last - pd.Timedelta(days=QUARTER_DAYS * i) for i in range(most)][::-1])
    began = data.accounts["created_at"].min()
    return found if pd.isna(began) else found[found > began]


@lru_cache(maxsize=1)
def followed(data: ExperienceData, most: int = 12) -> pd.DataFrame:
    """Return account_id, at, left (within the 90 days from `at` on) and log-revenue and tenure, one row a quarter.

    An account is at risk where it was there before `at`, had not left, and paid, where revenue is known at all. Where
    there would be more than 150,000 rows, accounts are drawn at random (seeded). The frame is kept for whoever asks
    next: it is not to be changed.
    """
    parts = list(_at_risk(_some(data, most), most))
    kinds = {"account_id": "str", "at": "datetime64[us]", "left": "bool", "mrr": "float64", "tenure_years": "float64"}
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    return pd.concat(parts, ignore_index=True)[list(kinds)]


def why_no_hazard(rows: pd.DataFrame) -> str | None:
    """Return why no hazard can be learnt from followed rows, None where it can."""
    if rows.empty:
        return "it is not known when accounts left; hazards need subscriptions, or activity to go silent"
    left = int(rows["left"].sum())
    if left < FEWEST_LEFT:
        return f"{left} departures were followed; {FEWEST_LEFT} are needed"
    return None


def _at_risk(data: ExperienceData, most: int) -> Iterator[pd.DataFrame]:
    left = data.departures[["account_id", "left_at"]]
    for at in quarters(data, most):
        end = at + pd.Timedelta(days=QUARTER_DAYS)
        gone = left[(left["left_at"] >= at) & (left["left_at"] < end)]["account_id"]
        before = left[left["left_at"] < at].groupby("account_id")["left_at"].max()
        own = data.accounts[(data.accounts["created_at"] < at) | data.accounts["created_at"].isna()]
        paid = _paying(data, at)
        if paid is None:
            own = own[~own["account_id"].isin(before.index)].assign(mrr=0.0)
        else:
            own = own.drop(columns="mrr").merge(paid, on="account_id", how="inner")
        tenure = (at - own["created_at"]).dt.days.fillna(0.0) / 365.25
        yield own.assign(at=at, left=own["account_id"].isin(gone), tenure_years=tenure)


def _some(data: ExperienceData, most: int) -> ExperienceData:
    """The data with as many accounts, drawn at random, as make no more rows than a hazard needs."""
    share = MOST_ROWS / max(len(data.accounts) * most, 1)
    if share >= 1:
        return data
    return replace(data, accounts=data.accounts[drawn(data.accounts["account_id"], SEED) < share])


def _paying(data: ExperienceData, at: pd.Timestamp) -> pd.DataFrame | None:
    """What runs at a moment by account; None where no subscription is known."""
    runs = data.subscriptions
    if runs.empty:
        return None
    runs = runs[(runs["start_date"] < at) & (runs["end_date"].isna() | (runs["end_date"] > at))]
    return runs.groupby("account_id")["mrr"].sum().reset_index()
