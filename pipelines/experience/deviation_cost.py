"""What it goes along with when accounts do not go the designed way in their first half year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.experience.designed_journey import TOPIC, conformance
from pipelines.experience.found import Found
from pipelines.experience.judged import judged

FIRST_DAYS, AFTER_DAYS = 180, 365
FEWEST_OF_EACH, FEWEST_LEFT = 30, 10
FIGURE = "leave more after a deviation"


def deviation_cost(
    met: pd.DataFrame,
    touchpoints: pd.DataFrame,
    begun: pd.DataFrame,
    departures: pd.DataFrame,
    followed_until: pd.Timestamp | None,
) -> tuple[Found, ...]:
    """Return by how many percentage points more accounts leave in the year after a first half year with a deviation.

    Only what was met in the first half year counts, and only accounts that were still there after it and could be
    followed for the year: those that leave early have no time to deviate. An association.

    Parameters
    ----------
    met
        account_id, touchpoint, first_at.
    begun
        account_id and created_at of accounts whose whole journey was watched.
    departures
        account_id, left_at.
    """
    if followed_until is None:
        return (Found.refused(TOPIC, FIGURE, "it is not known when accounts left"),)
    rows = _followed(begun, departures, followed_until)
    began = rows.set_index("account_id")["at"]
    first = met[met["account_id"].isin(began.index)]
    first = first[first["first_at"].to_numpy() < began.reindex(first["account_id"]).to_numpy()]
    fits = conformance(first, touchpoints, rows[["account_id"]]).accounts
    known = rows.merge(fits, on="account_id")
    deviates, left = ~known["fits"].astype(bool).to_numpy(), known["left"].to_numpy(dtype=float)
    n = int(deviates.sum()), int((~deviates).sum())
    if min(n) < FEWEST_OF_EACH or left.sum() < FEWEST_LEFT:
        why = f"{n[0]} accounts with a deviation and {n[1]} without, {int(left.sum())} of them left in the year after"
        needed = f"{FEWEST_OF_EACH} of each and {FEWEST_LEFT} are needed"
        return (Found.refused(TOPIC, FIGURE, f"{why}; {needed}"),)
    gap = left[deviates].mean() - left[~deviates].mean()
    error = np.sqrt(sum(left[own].var(ddof=1) / own.sum() for own in (deviates, ~deviates)))
    frame = Found(TOPIC, FIGURE, np.nan, unit="percentage points", basis="associated", n_accounts=len(known),
                  sentence="in the year after their first half year, against those that went as designed")  # fmt: skip
    return (judged(frame, 100 * float(gap), 100 * float(error)),)


def _followed(begun: pd.DataFrame, departures: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """account_id, at (the end of its first half year) and left, of accounts that were there then and are followed."""
    rows = begun.assign(account_id=begun["account_id"].astype(str))
    rows = rows.assign(at=rows["created_at"] + pd.Timedelta(days=FIRST_DAYS))[["account_id", "at"]]
    rows = rows[rows["at"] + pd.Timedelta(days=AFTER_DAYS) <= until]
    gone = pd.to_datetime(departures["left_at"]).groupby(departures["account_id"].astype(str)).min()
    left_at = pd.DatetimeIndex(gone.reindex(rows["account_id"]))
    there = np.isnat(left_at.to_numpy()) | (left_at >= pd.DatetimeIndex(rows["at"]))
    left = left_at < pd.DatetimeIndex(rows["at"] + pd.Timedelta(days=AFTER_DAYS))
    return rows.assign(left=left)[there].reset_index(drop=True)
