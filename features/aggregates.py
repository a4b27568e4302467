"""The compiled kernel: what can be computed over one account's streams up to a date.

Every aggregate sees the selected events of one account, known before `as_of`, with `at` in the half-open window
[as_of - window, as_of), oldest first: times `at` (microseconds), values `v` (NaN: none), and a `code` (kind, contact or
touchpoint, -1: none). A window without events gives 0 for counts and sums, NaN for everything else.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from features.events import EventLog

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]

DAY = 86_400_000_000
EVER = np.int64(1) << np.int64(62)

AGGREGATES = (
    "count",
    "total",
    "mean",
    "smallest",
    "largest",
    "last",
    "spread",
    "median",
    "percentile_90",
    "slope",
    "active_days",
    "days_since_last",
    "days_since_first",
    "distinct_kinds",
    "distinct_contacts",
    "distinct_touchpoints",
    "days_to_renewal",
)


class Plan(NamedTuple):
    """What to compute: one column per aggregate over one selection of event types in one window.

    `selections` (s, t) says which of the log's types a selection holds; `selection`, `aggregate` and `window` (c,)
    describe the columns, ordered by selection; a window is in microseconds, EVER for all of history.
    """

    selections: npt.NDArray[np.bool_]
    selection: Int
    aggregate: Int
    window: Int


class _Events(NamedTuple):
    """The event log's columns, as the compiled code takes them."""

    offsets: Int
    at: Int
    known_at: Int
    type: Any
    kind: Any
    value: Float
    contact: Any
    touchpoint: Any


class _Spine(NamedTuple):
    """Rows to fill: account i owns those from `starts[i]` to `starts[i + 1]`."""

    starts: Int
    as_of: Int


def walk(log: EventLog, accounts: Int, as_of: Int, plan: Plan, threads: int = 2) -> Float:
    """Return the plan's columns for spine rows, (rows, columns), NaN where nothing is known.

    Parameters
    ----------
    log
        the events.
    accounts, as_of
        the spine: positions in `log.accounts`, ascending, and instants in microseconds, ascending in each account.
    plan
        what to compute.
    threads
        how many parts the accounts are cut into; the result does not depend on it.
    """
    events = _Events(log.offsets, log.at, log.known_at, log.type, log.kind, log.value, log.contact, log.touchpoint)
    spine = _Spine(np.searchsorted(accounts, np.arange(len(log.accounts) + 1)), as_of)
    out = np.full((len(accounts), len(plan.aggregate)), np.nan)
    cuts = np.linspace(0, len(log.accounts), max(1, threads) + 1).astype(np.int64)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        list(pool.map(lambda first, last: _walk_accounts(first, last, events, spine, plan, out), cuts[:-1], cuts[1:]))
    return out


@numba.njit(cache=True, nogil=True)
def _walk_accounts(first, last, events, spine, plan, out):
    """Fill `out` for the accounts from `first` to `last`."""
    n_columns = len(plan.aggregate)
    for account in range(first, last):
        row_start, row_end = spine.starts[account], spine.starts[account + 1]
        if row_start == row_end:
            continue
        column = 0
        while column < n_columns:
            chosen = plan.selection[column]
            index = _selected(events, account, plan.selections[chosen])
            after = column
            while after < n_columns and plan.selection[after] == chosen:
                after += 1
            for row in range(row_start, row_end):
                as_of = spine.as_of[row]
                known = _known(events, index, as_of)
                known_times = events.at[known]
                for c in range(column, after):
                    seen = known[np.searchsorted(known_times, as_of - plan.window[c]) :]
                    out[row, c] = _aggregate(plan.aggregate[c], events, seen, as_of)
            column = after


@numba.njit(cache=True, nogil=True)
def _selected(events, account, chosen):
    """Positions of the account's events whose type is chosen."""
    begin, end = events.offsets[account], events.offsets[account + 1]
    index = np.empty(end - begin, np.int64)
    n = 0
    for i in range(begin, end):
        if chosen[events.type[i]]:
            index[n] = i
            n += 1
    return index[:n]


@numba.njit(cache=True, nogil=True)
def _known(events, index, as_of):
    """Positions of the events that had happened and were known strictly before `as_of`."""
    known = np.empty(len(index), np.int64)
    n = 0
    for i in index:
        if events.at[i] >= as_of:
            break
        if events.known_at[i] < as_of:
            known[n] = i
            n += 1
    return known[:n]


@numba.njit(cache=True, nogil=True)
def _aggregate(code, events, seen, as_of):
    """Dispatch on the aggregate's position in AGGREGATES."""
    if code == 0:
        return float(len(seen))
    if code == 10:
        return active_days(events.at[seen], as_of)
    if code == 11:
        return days_since(events.at[seen], as_of, -1)
    if code == 12:
        return days_since(events.at[seen], as_of, 0)
    if code == 13:
        return distinct(events.kind[seen])
    if code == 14:
        return distinct(events.contact[seen])
    if code == 15:
        return distinct(events.touchpoint[seen])
    if code == 16:
        return days_to_renewal(events.at[seen], events.value[seen], as_of)
    return _of_values(code, events.at[seen], events.value[seen], as_of)


@numba.njit(cache=True, nogil=True)
def _of_values(code, at, v, as_of):
    """Dispatch the aggregates that look at values only, those that are there."""
    there = ~np.isnan(v)
    v, at = v[there], at[there]
    if code == 1:
        return v.sum()
    if len(v) == 0:
        return np.nan
    if code == 2:
        return v.mean()
    if code == 3:
        return v.min()
    if code == 4:
        return v.max()
    if code == 5:
        return v[-1]
    if code == 6:
        return spread(v)
    if code == 7:
        return np.median(v)
    if code == 8:
        return np.percentile(v, 90)
    return slope(at, v, as_of)


@numba.njit(cache=True, nogil=True)
def spread(v):
    """Return the sample standard deviation; NaN for fewer than two values."""
    return np.sqrt(((v - v.mean()) ** 2).sum() / (len(v) - 1)) if len(v) > 1 else np.nan


@numba.njit(cache=True, nogil=True)
def slope(at, v, as_of):
    """Return the least-squares change of the value in 30 days; NaN where all events are at one instant."""
    x = (at - as_of) / (30.0 * DAY)
    centred = x - x.mean()
    around = (centred**2).sum()
    return (centred * v).sum() / around if around > 0 else np.nan


@numba.njit(cache=True, nogil=True)
def active_days(at, as_of):
    """Return on how many days, counted back from `as_of`, something happened."""
    n, previous = 0.0, np.int64(-1)
    for i in range(len(at) - 1, -1, -1):
        day = (as_of - 1 - at[i]) // DAY
        if day != previous:
            n += 1.0
            previous = day
    return n


@numba.njit(cache=True, nogil=True)
def days_since(at, as_of, position):
    """Return the days from the event at a position (0 first, -1 last) to `as_of`; NaN without events."""
    return (as_of - at[position]) / DAY if len(at) else np.nan


@numba.njit(cache=True, nogil=True)
def distinct(codes):
    """Return how many different codes there are, -1 (none) left out."""
    ordered = np.sort(codes)
    n, previous = 0.0, np.int64(-1)
    for code in ordered:
        if code != previous and code >= 0:
            n += 1.0
        previous = np.int64(code)
    return n


@numba.njit(cache=True, nogil=True)
def days_to_renewal(at, months, as_of):
    """Return the days to the next anniversary, in billing periods, of the latest start; NaN where none is known."""
    if len(at) == 0 or not months[-1] > 0:
        return np.nan
    period = months[-1] * 30.436875 * DAY
    since = (as_of - at[-1]) % period
    return (period - since) / DAY if since > 0 else 0.0
