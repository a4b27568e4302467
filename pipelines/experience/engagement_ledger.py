"""Engagement as it moves: what accounts do and what the company does for them, apart, this quarter and the last."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.experience.clustered import clustered_mean
from pipelines.experience.found import Found
from pipelines.experience.judged import judged

TOPIC = "engagement ledger"
MONTHS = 3
FEWEST_ACCOUNTS = 10
SIDES = {"in": ("days", "what accounts do themselves"), "out": ("n", "what the company does for them")}


def engagement_ledger(activity: pd.DataFrame, accounts: pd.Series[str], as_of: pd.Timestamp) -> tuple[Found, ...]:
    """Return the level of both sides in the last three whole months, and their change against the three before.

    Of accounts: days with something done; of the company: how often it did something. The one is never part of the
    other.

    Parameters
    ----------
    activity
        account_id, month, stream (in, out), n, days.
    accounts
        ids of the accounts that are served.
    """
    if accounts.nunique() < FEWEST_ACCOUNTS:
        why = f"{accounts.nunique()} accounts; {FEWEST_ACCOUNTS} are needed"
        return (Found.refused(TOPIC, "engagement", why),)
    end = as_of.to_period("M").to_timestamp()
    found = []
    for side, (column, words) in SIDES.items():
        own = activity[activity["stream"] == side]
        now = quarter_sums(own, column, accounts, end)
        before = quarter_sums(own, column, accounts, end - pd.DateOffset(months=MONTHS))
        name, unit = ("engagement", "days a quarter") if side == "in" else ("effort", "times a quarter")
        level, change = clustered_mean(now, accounts), clustered_mean(now - before, accounts)
        frame = Found(TOPIC, name, level.value, level.low, level.high, unit, n=int(now.sum()),
                      n_accounts=level.n_accounts, sentence=f"{words}, an account")  # fmt: skip
        moved = Found(TOPIC, f"change of {name}", np.nan, unit=unit, n=frame.n, n_accounts=frame.n_accounts,
                      sentence="against the three months before, of the same accounts")  # fmt: skip
        found += [frame, judged(moved, change.value, change.error)]
    return tuple(found)


def quarter_sums(own: pd.DataFrame, column: str, accounts: pd.Series[str], end: pd.Timestamp) -> np.ndarray:
    """Return what each account's rows of the three months before `end` add up to, 0 where there are none."""
    inside = own[(own["month"] < end) & (own["month"] >= end - pd.DateOffset(months=MONTHS))]
    sums = inside[column].groupby(inside["account_id"].astype(str)).sum()
    return sums.reindex(accounts).fillna(0.0).to_numpy(dtype=float)
