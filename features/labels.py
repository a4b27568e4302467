"""Churn: subscription, inactivity, or labelled by the user.

A *spell* is a time in which an account is a customer. It ends at `ends_at`, the moment of churn, or has not ended. An
account is at risk at `as_of` when what was known before `as_of` says that it is a customer; it churned within the
horizon when its spell ends in [as_of, as_of + horizon). The label is known once that window, and the grace in which a
lapsed account may still return, has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.events import ACTIVITY, PURCHASE, EventLog

NEVER = pd.Timestamp("2262-01-01")


@dataclass(frozen=True, slots=True)
class ChurnDefinition:
    """What churn is, and how far ahead it counts.

    `subscription`: no running subscription within `grace_days` after an end. `inactivity`: nothing bought or done for
    `inactive_days`, on the day on which these are over. `labelled`: as the user's observations say.
    """

    kind: Literal["subscription", "inactivity", "labelled"]
    horizon_days: int = 90
    grace_days: int = 30
    inactive_days: int = 90

    @property
    def matures_days(self) -> int:
        """Days after `as_of` until the label is known.

        >>> ChurnDefinition("subscription", horizon_days=90, grace_days=30).matures_days
        120
        """
        return self.horizon_days + (self.grace_days if self.kind == "subscription" else 0)

    @property
    def sentence(self) -> str:
        """The definition in words."""
        within = f"within {self.horizon_days} days of the as-of date"
        if self.kind == "subscription":
            return f"no running subscription for more than {self.grace_days} days after one ended, {within}"
        if self.kind == "inactivity":
            return f"nothing bought or done for {self.inactive_days} days, complete {within}"
        return f"as labelled by the company's own observations ({within})"


def subscription_spells(subscriptions: pd.DataFrame, grace_days: int) -> pd.DataFrame:
    """Return spells (account_id, starts_at, ends_at) from subscriptions, merged over gaps of at most `grace_days`.

    >>> runs = pd.DataFrame({"account_id": ["a", "a"], "start_date": pd.to_datetime(["2024-01-01", "2024-03-10"]),
    ...                      "end_date": pd.to_datetime(["2024-03-01", None])})
    >>> len(subscription_spells(runs, grace_days=30)), len(subscription_spells(runs, grace_days=5))
    (1, 2)
    """
    runs = subscriptions.assign(ends_at=subscriptions["end_date"].fillna(NEVER)).sort_values(
        ["account_id", "start_date"]
    )
    so_far = runs.groupby("account_id")["ends_at"].cummax()
    before = so_far.groupby(runs["account_id"]).shift()
    starts_anew = before.isna() | (runs["start_date"] > before + pd.Timedelta(days=grace_days))
    runs = runs.assign(spell=starts_anew.cumsum())
    spells = runs.groupby("spell", as_index=False).agg(
        account_id=("account_id", "first"), starts_at=("start_date", "min"), ends_at=("ends_at", "max")
    )
    return spells[["account_id", "starts_at", "ends_at"]]


def inactivity_spells(log: EventLog, inactive_days: int) -> pd.DataFrame:
    """Return spells (account_id, starts_at, ends_at): each ends `inactive_days` after an event with none in between."""
    own = log.of_streams((ACTIVITY, PURCHASE))
    code, at = log.account_codes[own], log.at[own].astype("datetime64[us]")
    silence = np.timedelta64(inactive_days, "D")
    is_last = np.append((np.diff(code) != 0) | (np.diff(at) > silence), True)[: len(at)]
    is_first = np.append(True, is_last[:-1])[: len(at)]
    return pd.DataFrame(
        {"account_id": log.accounts[code[is_last]], "starts_at": at[is_first], "ends_at": at[is_last] + silence}
    )


def subscribed(subscriptions: pd.DataFrame, cutoffs: pd.DatetimeIndex) -> pd.DataFrame:
    """Return the spine (account_id, as_of) of accounts with a subscription running at each cutoff, as known then."""
    known = subscriptions["start_date"]
    if "recorded_at" in subscriptions:
        known = known.where(~(subscriptions["recorded_at"] > known), subscriptions["recorded_at"])
    ends_at = subscriptions["end_date"].fillna(NEVER)
    running = [subscriptions["account_id"][(known < cutoff) & (ends_at >= cutoff)].unique() for cutoff in cutoffs]
    return _spine(running, cutoffs)


def active(log: EventLog, cutoffs: pd.DatetimeIndex, inactive_days: int) -> pd.DataFrame:
    """Return the spine (account_id, as_of) of accounts that did something in the `inactive_days` before each cutoff."""
    own = log.of_streams((ACTIVITY, PURCHASE))
    code, at, known_at = log.account_codes[own], log.at[own], log.known_at[own]
    day = 86_400_000_000
    instants = cutoffs.as_unit("us").asi8
    seen = [code[(known_at < instant) & (at >= instant - inactive_days * day)] for instant in instants]
    return _spine([log.accounts[np.unique(codes)] for codes in seen], cutoffs)


def _spine(accounts: list[npt.NDArray[np.object_]], cutoffs: pd.DatetimeIndex) -> pd.DataFrame:
    frames = [pd.DataFrame({"account_id": ids, "as_of": cutoff}) for ids, cutoff in zip(accounts, cutoffs, strict=True)]
    empty = pd.DataFrame({"account_id": pd.Series(dtype=str), "as_of": pd.Series(dtype="datetime64[us]")})
    spine = pd.concat([empty, *[frame for frame in frames if len(frame)]], ignore_index=True)
    return spine.astype({"account_id": "str", "as_of": "datetime64[us]"})


def labelled(
    spine: pd.DataFrame, spells: pd.DataFrame, churn: ChurnDefinition, observed_until: pd.Timestamp
) -> pd.DataFrame:
    """Return the spine with `churned`: true, false, or NA where the label has not come due by `observed_until`."""
    ends = spells[["account_id", "ends_at"]].astype({"account_id": "str", "ends_at": "datetime64[us]"})
    rows = pd.merge_asof(
        spine.sort_values("as_of", kind="stable"),
        ends.sort_values("ends_at", kind="stable"),
        left_on="as_of",
        right_on="ends_at",
        by="account_id",
        direction="forward",
    )
    churned = (rows["ends_at"] < rows["as_of"] + pd.Timedelta(days=churn.horizon_days)).astype("boolean")
    is_due = rows["as_of"] + pd.Timedelta(days=churn.matures_days) <= observed_until
    return rows.assign(churned=churned.where(is_due)).drop(columns="ends_at")
