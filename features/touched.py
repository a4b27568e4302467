"""Which accounts' rows no longer rest on what they were computed from, by the parts of the log that came and went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba
import numpy as np
import numpy.typing as npt

from features.coded_log import KeptPart, bucket_columns
from features.labels import DAY, ChurnDefinition, label_streams
from features.log import Int

if TYPE_CHECKING:
    from features.coder import Columns
    from features.kept_log import CodedLog


@dataclass(frozen=True)
class Dates:
    """As-of dates (microseconds, ascending), and whether the labels of each have come due."""

    cutoffs: tuple[int, ...]
    due: tuple[bool, ...]


@dataclass(frozen=True)
class Touched:
    """Accounts, by code, of which something counts differently, and at which dates it does (accounts, dates)."""

    accounts: Int
    at: npt.NDArray[np.bool_]


def touched(
    log: CodedLog, bucket: int, gone: Sequence[KeptPart], new: Sequence[KeptPart], churn: ChurnDefinition, dates: Dates
) -> Touched:
    """Return what differs in a bucket after some parts of the log are gone and others are new.

    An event counts for the features of every date before which it was known, and, where the labels of a date are due,
    for those of every date whose horizon ends after it. The events of an account are digested into 64 bits each and
    summed, so that neither their order nor what came back unchanged matters: that a change goes unseen has a chance of
    one in 10^19.
    """
    shape = (len(log.coder.accounts) // log.n_buckets + 1, len(dates.cutoffs) + 1)
    of_features, of_labels = np.zeros(shape, dtype=np.uint64), np.zeros(shape, dtype=np.uint64)
    decides = np.array([stream in label_streams(churn) for stream, _, _ in log.coder.types] or [False])
    cutoffs = np.array(dates.cutoffs, dtype=np.int64)
    for parts, sign in ((gone, -1), (new, 1)):
        events = _filled(bucket_columns(parts, bucket))
        account = events.account // log.n_buckets
        _add(account, events, sign, cutoffs, of_features)
        own = decides[events.type] if len(events.at) else np.zeros(0, dtype=bool)
        if own.any():
            ends = cutoffs + churn.matures_days * DAY
            _add(account[own], _seen_at_once(events, own), sign, ends, of_labels)
    differs = np.cumsum(of_features, axis=1)[:, :-1] != 0
    differs |= (np.cumsum(of_labels, axis=1)[:, :-1] != 0) & np.array(dates.due, dtype=bool)
    rows = np.flatnonzero(differs.any(axis=1))
    return Touched(rows * log.n_buckets + bucket, differs[rows])


def _filled(events: Columns) -> Columns:
    """The events with every column."""
    n = len(events.at)
    return events._replace(
        known_at=events.at if events.known_at is None else events.known_at,
        value=np.full(n, np.nan) if events.value is None else events.value,
        text=np.full(n, -1, dtype=np.int32) if events.text is None else events.text,
        contact=np.zeros(n, dtype=np.int64) if events.contact is None else events.contact,
        touchpoint=np.zeros(n, dtype=np.int64) if events.touchpoint is None else events.touchpoint,
    )


def _seen_at_once(events: Columns, own: npt.NDArray[np.bool_]) -> Columns:
    """Some of the events, as if each had been known when it happened: a label does not ask since when it was known."""
    some = {name: column[own] for name, column in events._asdict().items()}
    return type(events)(**some | {"known_at": some["at"]})


@numba.njit(cache=True, nogil=True)
def _add(account, events, sign, instants, sums):
    """Add the digest of each event to its account's sum (accounts, instants + 1) at the first instant after it."""
    value = events.value.view(np.int64)
    for i in range(len(account)):
        place = np.searchsorted(instants, events.known_at[i], side="right")
        digest = _mixed(np.uint64(events.at[i]))
        digest = _mixed(digest ^ np.uint64(events.known_at[i]))
        digest = _mixed(digest ^ np.uint64(value[i]))
        digest = _mixed(digest ^ np.uint64(events.contact[i]))
        digest = _mixed(digest ^ np.uint64(events.touchpoint[i]))
        digest = _mixed(digest ^ (np.uint64(events.type[i]) << np.uint64(32)) ^ np.uint64(events.text[i] + 1))
        sums[account[i], place] += digest if sign > 0 else np.uint64(0) - digest


@numba.njit(cache=True, nogil=True)
def _mixed(x):
    """A 64-bit number of which every bit depends on every bit of another (Steele, Lea and Flood 2014, SplitMix64)."""
    x += np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
