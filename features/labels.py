"""Churn: subscription, inactivity, or labelled by the user.

A *spell* is a time in which an account is a customer. It ends at `ends_at`, the moment of churn, or has not ended. An
account is at risk at `as_of` when what was known before `as_of` says that it is a customer; it churned within the
horizon when its spell ends in [as_of, as_of + horizon). The label is known once that window, and the grace in which a
lapsed account may still return, has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from features.log import EventLog, Int
from features.streams import ACTIVITY, LABEL, PURCHASE, SUBSCRIBED, UNSUBSCRIBED

DAY = 86_400_000_000
NEVER = np.int64(1) << np.int64(62)
DUE, STAYED, CHURNED = -1, 0, 1


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


class Ends(NamedTuple):
    """The ends of spells, in order: of which account (a position in the log's accounts), and when (microseconds)."""

    account: Int
    at: Int


class Spine(NamedTuple):
    """Rows (account, as_of): positions in the log's accounts and instants in microseconds, ascending."""

    account: Int
    as_of: Int


def label_streams(churn: ChurnDefinition) -> tuple[str, ...]:
    """The streams that say who is a customer, and until when."""
    return {
        "subscription": (SUBSCRIBED, UNSUBSCRIBED),
        "inactivity": (ACTIVITY, PURCHASE),
        "labelled": (LABEL,),
    }[churn.kind]


def at_risk(log: EventLog, churn: ChurnDefinition, cutoffs: Int) -> Spine:
    """Return the spine of the accounts that are customers at each cutoff, by what was known before it."""
    own = log.of_streams(label_streams(churn))
    account, at, known_at = log.owners(own), log.at[own], log.known_at[own]
    n = len(log.accounts)
    if churn.kind == "inactivity":
        recent = [(known_at < cutoff) & (at >= cutoff - churn.inactive_days * DAY) for cutoff in cutoffs]
        is_there = np.array([np.bincount(account[seen], minlength=n) > 0 for seen in recent])
    else:
        sign = np.where(np.isin(own, log.of_streams((SUBSCRIBED,))), 1.0, -1.0)
        running = [np.bincount(account, sign * (known_at < cutoff), minlength=n) for cutoff in cutoffs]
        is_there = np.array(running) > 0.5
    accounts, rows = np.nonzero(is_there.reshape(len(cutoffs), n).T)
    return Spine(accounts, np.asarray(cutoffs, dtype=np.int64)[rows])


def spell_ends(log: EventLog, churn: ChurnDefinition) -> Ends:
    """Return when spells ended.

    A subscription's spell ends with the last running subscription where none begins within `grace_days`; one of
    activity ends `inactive_days` after an event with none in between.
    """
    if churn.kind == "inactivity":
        own = log.of_streams((ACTIVITY, PURCHASE))
        account, at = log.owners(own), log.at[own]
        is_last = np.append((np.diff(account) != 0) | (np.diff(at) > churn.inactive_days * DAY), True)[: len(at)]
        return Ends(account[is_last], at[is_last] + churn.inactive_days * DAY)
    own = log.of_streams((SUBSCRIBED, UNSUBSCRIBED))
    account, at = log.owners(own), log.at[own]
    starts = np.isin(own, log.of_streams((SUBSCRIBED,)))
    # At one instant what begins counts before what ends: no gap is no gap.
    order = np.lexsort((~starts, at, account))
    account, at, starts = account[order], at[order], starts[order]
    running = np.cumsum(np.where(starts, 1, -1))
    next_at = np.append(at[1:], NEVER)
    next_at[np.append(account[1:] != account[:-1], True)[: len(at)]] = NEVER
    # All that began has ended: the sum is 0 after each account's last end too, since it counts on from 0.
    before = np.r_[0, running][np.searchsorted(account, account)]
    is_end = ~starts & (running == before) & (next_at - at > churn.grace_days * DAY)
    return Ends(account[is_end], at[is_end])


def labels(log: EventLog, churn: ChurnDefinition, spine: Spine, observed_until: int) -> npt.NDArray[np.int8]:
    """Return CHURNED, STAYED or, where the label has not come due by `observed_until`, DUE for every spine row."""
    if churn.kind == "labelled":
        own = log.of_streams((LABEL,))
        return np.asarray(log.value[own], dtype=np.int8)
    ends = spell_ends(log, churn)
    next_end = _first_at_or_after(ends, spine)
    churned = next_end - spine.as_of < churn.horizon_days * DAY
    is_due = spine.as_of + churn.matures_days * DAY <= observed_until
    return np.where(is_due, churned.astype(np.int8), np.int8(DUE))


def observed_spine(log: EventLog) -> Spine:
    """Return the spine of the user's own observations, whose events stand a microsecond before their date."""
    own = log.of_streams((LABEL,))
    return Spine(log.owners(own), log.at[own] + 1)


def _first_at_or_after(ends: Ends, spine: Spine) -> Int:
    """The first end of each row's account at or after its as_of, NEVER where there is none."""
    instants = np.unique(np.r_[ends.at, spine.as_of])
    n = len(instants) + 1
    key = ends.account * n + np.searchsorted(instants, ends.at)
    place = np.searchsorted(key, spine.account * n + np.searchsorted(instants, spine.as_of))
    found = np.append(ends.at, NEVER)[place]
    return np.where(np.append(ends.account, -1)[place] == spine.account, found, NEVER)
