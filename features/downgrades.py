"""Which accounts were worth less before they left: what they paid, or their seats, had been cut."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.labels import DAY, NEVER, Ends
from features.log import EventLog
from features.streams import MRR_ENDED, MRR_STARTED, RENEWAL_MONTHS, SEATS_ENDED, SEATS_STARTED

CUT_DAYS, STEP_DAYS = 180, 30
"""A cut counts from 180 to 30 days before the end; a later one is the end itself, in steps."""
LEAST_CUT = 0.01
"""As a share of what it was: less is a rounding."""
TERM_DAYS = 7
"""An end so close to the end of a term is none in mid-term."""
DAYS_A_MONTH = 365.25 / 12

VALUES = ((MRR_STARTED, MRR_ENDED), (SEATS_STARTED, SEATS_ENDED))
STREAMS = frozenset({stream for pair in VALUES for stream in pair} | {RENEWAL_MONTHS})

Bools = npt.NDArray[np.bool_]


def downgraded(log: EventLog, ends: Ends) -> Bools:
    """Return (n,) whether each end was one of an account that had been cut, and not an end in mid-term.

    An account was cut where all its subscriptions together were worth less, in revenue or in seats, 30 days before the
    end than at some time in the 150 days before that.
    """
    was_cut = np.zeros(len(ends.at), dtype=bool)
    for started, ended in VALUES:
        was_cut |= _was_cut(_running(log, started, ended), ends)
    return was_cut & ~_is_in_mid_term(log, ends)


def _running(log: EventLog, started: str, ended: str) -> pd.DataFrame:
    """What all subscriptions of each account were worth together, from each change of it (at) to the next (until)."""
    own = log.of_streams((started, ended))
    sign = np.where(np.isin(own, log.of_streams((started,))), 1.0, -1.0)
    events = pd.DataFrame({"account": log.owners(own), "at": log.at[own], "value": sign * log.value[own]})
    # What ends and what begins at one instant is one change.
    changes = events.groupby(["account", "at"], sort=True)["value"].sum().reset_index()
    by_account = changes.groupby("account")
    until = by_account["at"].shift(-1, fill_value=int(NEVER))
    return changes.assign(value=by_account["value"].cumsum(), until=until)


def _was_cut(running: pd.DataFrame, ends: Ends) -> Bools:
    wanted = pd.DataFrame({"account": ends.account, "end": ends.at, "place": np.arange(len(ends.at))})
    spans = wanted.merge(running, on="account").sort_values(["place", "at"])
    last = spans["end"] - STEP_DAYS * DAY
    spans = spans[(spans["at"] <= last) & (spans["until"] > spans["end"] - CUT_DAYS * DAY)]
    by_end = spans.groupby("place")["value"]
    left_over = by_end.last()
    # Nothing at all is a gap, not a cut.
    is_less = (left_over > 0) & (left_over < (1 - LEAST_CUT) * by_end.max())
    found = np.zeros(len(ends.at), dtype=bool)
    found[is_less.index[is_less]] = True
    return found


def _is_in_mid_term(log: EventLog, ends: Ends) -> Bools:
    """Whether the last term that began before each end was still running; False where its length is not known."""
    began, months = last_before(log, RENEWAL_MONTHS, ends)
    with np.errstate(invalid="ignore", divide="ignore"):
        term = months * DAYS_A_MONTH
        into = np.mod((ends.at - began) / DAY, term)
        return np.asarray(np.minimum(into, term - into) > TERM_DAYS)


def last_before(log: EventLog, stream: str, ends: Ends) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return when the last event of a stream before each end was, and its value; NaN where there was none."""
    own = log.of_streams((stream,))
    events = pd.DataFrame({"account": log.owners(own), "at": log.at[own], "value": log.value[own]})
    events["last"] = events["at"].astype(np.float64)
    wanted = pd.DataFrame({"account": ends.account, "at": ends.at, "place": np.arange(len(ends.at))})
    found = pd.merge_asof(
        wanted.sort_values("at"), events.sort_values("at"), on="at", by="account", allow_exact_matches=False
    ).sort_values("place")
    return found["last"].to_numpy(), found["value"].to_numpy()
