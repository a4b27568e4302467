"""One walk over every account's events: all selections, windows and as-of dates of a plan, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from features.aggregates import EVER, aggregate
from features.log import EventLog
from features.selected import Events, compiled, room_for, take

Float = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]
Int = npt.NDArray[np.int64]

ITSELF, DIFFERENCE, RATIO = 0, 1, 2


class Plan(NamedTuple):
    """What to compute: columns made of leaves, and leaves that are one aggregate over one selection in one window.

    Events of the log's type t are in the selections `taker[taken_from[t] : taken_from[t + 1]]`; the leaves of selection
    s are those from `leaf_from[s]` to `leaf_from[s + 1]`, the shorter windows first. `aggregate`, `window`
    (microseconds, EVER for all of history) and `parameter` (leaves,) describe the leaves. `operation`, `left` and
    `right` (columns,) say how a column comes of leaves; `kind` (types,) is the code of each type's kind.
    """

    taken_from: Int
    taker: Int
    leaf_from: Int
    aggregate: Int
    window: Int
    parameter: Float
    operation: Int
    left: Int
    right: Int
    kind: npt.NDArray[np.int32]


def walk(log: EventLog, accounts: Int, as_of: Int, plan: Plan) -> Single:
    """Return the plan's columns for spine rows, (columns, rows), NaN where nothing is known.

    Everything is computed in double precision and rounded once, to single. A value depends on nothing but the events
    of its selection that were known by then: not on the other rows, columns and accounts of the same walk.

    Parameters
    ----------
    log
        the events.
    accounts, as_of
        the spine: positions in `log.accounts`, ascending, and instants in microseconds, ascending in each account.
    plan
        what to compute.
    """
    out = np.full((len(plan.operation), len(accounts)), np.nan, dtype=np.float32)
    starts = np.flatnonzero(np.r_[True, accounts[1:] != accounts[:-1]][: len(accounts)])
    bounds = np.append(starts, len(accounts))
    events = Events(log.at, log.known_at, log.type, log.value, plan.kind, log.text, log.contact, log.touchpoint)
    _walk(events, log.offsets, log.n_codes, accounts[starts], bounds, as_of, plan, out)
    return out


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _walk(events, offsets, n_codes, accounts, bounds, as_of, plan, out):
    """Fill `out` account by account; account `accounts[i]` owns the rows from `bounds[i]` to `bounds[i + 1]`."""
    most, most_rows = 1, 1
    for i in range(len(accounts)):
        most = max(most, offsets[accounts[i] + 1] - offsets[accounts[i]])
        most_rows = max(most_rows, bounds[i + 1] - bounds[i])
    x = room_for(events, most, n_codes)
    edges = np.zeros((2, most_rows), np.int64)
    leaves = np.empty((len(plan.aggregate), most_rows), np.float64)
    nothing = np.empty(len(leaves), np.float64)
    starts, places = np.empty(len(plan.leaf_from), np.int64), np.empty(most * _most_takers(plan), np.int64)
    _of_nothing(x, plan, edges, leaves, nothing)
    for i in range(len(accounts)):
        begin, end = offsets[accounts[i]], offsets[accounts[i] + 1]
        instants = as_of[bounds[i] : bounds[i + 1]]
        _deal(events, begin, end, instants[-1], plan, starts, places)
        _fill_account(x, places, starts, instants, plan, nothing, edges, leaves)
        _put_together(leaves, len(instants), plan, out[:, bounds[i] : bounds[i + 1]])


@compiled
def _most_takers(plan):
    most = 1
    for each in range(len(plan.taken_from) - 1):
        most = max(most, plan.taken_from[each + 1] - plan.taken_from[each])
    return most


@compiled
def _of_nothing(x, plan, edges, leaves, nothing):
    """The value of each leaf where there are no events."""
    _fill_leaves(x, edges[0, :1], plan, 0, len(plan.aggregate), edges, leaves)
    for leaf in range(len(nothing)):
        nothing[leaf] = leaves[leaf, 0]


@compiled
def _deal(events, begin, end, until, plan, starts, places):
    """Put the places of the events before an instant into the selections that take them, from `starts[selection]` on.

    In each selection they keep their order.
    """
    at, types = events.at, events.type
    while end > begin and at[end - 1] >= until:
        end -= 1
    for selection in range(len(starts)):
        starts[selection] = 0
    for i in range(begin, end):
        for j in range(plan.taken_from[types[i]], plan.taken_from[types[i] + 1]):
            starts[plan.taker[j]] += 1
    total = 0
    for selection in range(len(starts)):
        total += starts[selection]
        starts[selection] = total
    for i in range(end - 1, begin - 1, -1):
        for j in range(plan.taken_from[types[i]], plan.taken_from[types[i] + 1]):
            starts[plan.taker[j]] -= 1
            places[starts[plan.taker[j]]] = i


@compiled
def _fill_account(x, places, starts, instants, plan, nothing, edges, leaves):
    """Evaluate all leaves over the events of one account."""
    for selection in range(len(starts) - 1):
        own = places[starts[selection] : starts[selection + 1]]
        first, last = plan.leaf_from[selection], plan.leaf_from[selection + 1]
        if len(own):
            _fill_selection(x, own, instants, plan, first, last, edges, leaves)
            continue
        for leaf in range(first, last):
            for row in range(len(instants)):
                leaves[leaf, row] = nothing[leaf]


@compiled
def _fill_selection(x, own, instants, plan, first, last, edges, leaves):
    """Evaluate the leaves from `first` to `last`, all of one selection, at every instant."""
    row = 0
    while row < len(instants):
        # Up to the next instant by which something had happened that was not yet known, all is known in time.
        after = row
        while after < len(instants) and not _is_late(x.events, own, instants[after]):
            after += 1
        known_before = EVER
        if after == row:
            known_before, after = instants[row], row + 1
        take(x, own, known_before)
        _fill_leaves(x, instants[row:after], plan, first, last, edges, leaves[:, row:after])
        row = after


@compiled
def _is_late(events, places, instant):
    """Whether some event had happened before an instant, but was not known by then."""
    for i in places:
        if events.at[i] < instant <= events.known_at[i]:
            return True
    return False


@compiled
def _fill_leaves(x, instants, plan, first, last, edges, leaves):
    """Evaluate leaves over the selected events, leaf by leaf and instant by instant, earliest first."""
    lows, highs = edges[0], edges[1]
    _ends(x, instants, highs)
    for row in range(len(instants)):
        lows[row] = highs[row]
    window = np.int64(-1)
    for leaf in range(first, last):
        if plan.window[leaf] != window:
            window = plan.window[leaf]
            _beginnings(x, instants, window, lows)
        which, parameter, x.reached[0] = plan.aggregate[leaf], plan.parameter[leaf], -1
        for row in range(len(instants)):
            leaves[leaf, row] = aggregate(which, x, lows[row], highs[row], instants[row], window, parameter)


@compiled
def _ends(x, instants, highs):
    """The position of the first event at or after each instant: it only ever goes forward."""
    place = 0
    for row in range(len(instants)):
        while place < x.n[0] and x.at[place] < instants[row]:
            place += 1
        highs[row] = place


@compiled
def _beginnings(x, instants, window, lows):
    """The position of the first event of each instant's window, given those of a shorter window: not after them."""
    place = lows[0]
    while place > 0 and x.at[place - 1] >= instants[0] - window:
        place -= 1
    for row in range(len(instants)):
        while place < x.n[0] and x.at[place] < instants[row] - window:
            place += 1
        lows[row] = place


@compiled
def _put_together(leaves, n_rows, plan, out):
    """Fill the columns (columns, rows) from the leaves (leaves, rows); a ratio over nothing is NaN."""
    for column in range(len(plan.operation)):
        operation, left, right = plan.operation[column], plan.left[column], plan.right[column]
        for row in range(n_rows):
            value = leaves[left, row]
            if operation == DIFFERENCE:
                value = value - leaves[right, row]
            elif operation == RATIO:
                value = value / leaves[right, row] if leaves[right, row] != 0 else np.nan
            out[column, row] = value
