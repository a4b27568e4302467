"""Account-quarters with engagement, effort, mood, contract and shocks before each: what risk is learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.follow_up import followed
from pipelines.experience.renewals import next_renewal

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

QUARTER = pd.Timedelta(days=90)
YEAR = pd.Timedelta(days=365)
LOW_MOOD = 0.6
"""Mean score of the year before, from 0 to 1, up to which an account is unhappy: a detractor's."""
COLUMNS = ("engaged", "effort", "mood", "unhappy", "release_at", "locked", "shocked", "cases")


def engaged_quarters(data: ExperienceData, shocks: pd.DataFrame) -> pd.DataFrame:
    """Return the followed account-quarters (`follow_up.followed`) with what was known before each.

    engaged: days on which the account itself did something in the three whole months that ended a quarter before (so
    that no shock of the quarter has lowered it), as logarithm; effort: what the company did then, the same way. mood:
    mean score of the year before, 0 to 1; unhappy. release_at: the next renewal; locked: it lies a quarter ahead and
    more. shocked: whether something befell it in the quarter before; cases: opened in that quarter.
    """
    rows = followed(data).assign(account_id=lambda own: own["account_id"].astype(str))
    if rows.empty:
        return rows.assign(**{name: pd.Series(dtype=float) for name in COLUMNS})
    parts = [_known(data, shocks, own, pd.Timestamp(str(at))) for at, own in rows.groupby("at", sort=True)]
    return pd.concat(parts, ignore_index=True)


def known_now(data: ExperienceData, accounts: pd.Series[str]) -> pd.DataFrame:
    """Return the same columns of accounts as they are at `data.as_of`."""
    rows = pd.DataFrame({"account_id": accounts.astype(str), "at": data.as_of})
    return _known(data, pd.DataFrame({"account_id": [], "at": pd.to_datetime([])}), rows, data.as_of)


def _known(data: ExperienceData, shocks: pd.DataFrame, rows: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    accounts = rows["account_id"]
    mood = _mood(data.responses, at).reindex(accounts).to_numpy()
    release = next_renewal(data.subscriptions, at).reindex(accounts).to_numpy()
    return rows.assign(
        engaged=_activity(data.activity, "in", "days", at).reindex(accounts).fillna(0.0).to_numpy(),
        effort=_activity(data.activity, "out", "n", at).reindex(accounts).fillna(0.0).to_numpy(),
        mood=mood,
        unhappy=np.where(np.isnan(mood), np.nan, mood <= LOW_MOOD),
        release_at=release,
        locked=(pd.DatetimeIndex(release) - at) >= QUARTER,
        shocked=accounts.isin(_within(shocks, "at", at)).to_numpy(),
        cases=_within(data.cases, "opened_at", at).value_counts().reindex(accounts).fillna(0.0).to_numpy(),
    )


def _activity(activity: pd.DataFrame, stream: str, column: str, at: pd.Timestamp) -> pd.Series[float]:
    """Logarithm of a sum over three whole months that were over a quarter before `at`."""
    end = (at - QUARTER).to_period("M").to_timestamp()
    own = activity[(activity["stream"] == stream) & (activity["month"] < end)]
    own = own[own["month"] >= end - pd.DateOffset(months=3)]
    sums = own[column].groupby(own["account_id"].astype(str)).sum()
    return pd.Series(np.log1p(sums.to_numpy(dtype=float)), sums.index)


def _mood(responses: pd.DataFrame, at: pd.Timestamp) -> pd.Series[float]:
    is_mood = responses["metric"].isin(["nps", "csat", "ces"]) & responses["score"].notna()
    own = responses[is_mood & (responses["answered_at"] < at) & (responses["answered_at"] >= at - YEAR)]
    return own["score"].astype(float).groupby(own["account_id"].astype(str)).mean()


def _within(events: pd.DataFrame, column: str, at: pd.Timestamp) -> pd.Series[str]:
    own: pd.Series[str] = events.loc[(events[column] < at) & (events[column] >= at - QUARTER), "account_id"].astype(str)
    return own
