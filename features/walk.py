"""One walk over every account's events: all selections, windows and as-of dates of a plan, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.aggregates import EVER, Selected, aggregate, compiled
from features.log import EventLog

Float = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]
Int = npt.NDArray[np.int64]

ITSELF, DIFFERENCE, RATIO = 0, 1, 2


class Plan(NamedTuple):
    """What to compute: columns made of leaves, and leaves that are one aggregate over one selection in one window.

    `holds` (selections, types) says which of the log's types a selection takes. `selection`, `aggregate`, `window`
    (microseconds, EVER for all of history) and `parameter` (leaves,) describe the leaves, ordered by selection and
    window. `operation`, `left` and `right` (columns,) say how a column comes of leaves; `kind` (types,) is the code of
    each type's kind.
    """

    holds: npt.NDArray[np.bool_]
    selection: Int
    aggregate: Int
    window: Int
    parameter: Float
    operation: Int
    left: Int
    right: Int
    kind: npt.NDArray[np.int32]


def walk(log: EventLog, accounts: Int, as_of: Int, plan: Plan) -> Single:
    """Return the plan's columns for spine rows, (columns, rows), NaN where nothing is known.

    Everything is computed in double precision and rounded once, to single.

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
    events = (log.offsets, log.at, log.known_at, log.type, log.value, log.text, log.contact, log.touchpoint)
    _walk(events, accounts[starts], bounds, as_of, plan, log.n_codes, out)
    return out


@compiled
def _walk(events, accounts, bounds, as_of, plan, n_codes, out):
    """Fill `out` account by account; account `accounts[i]` owns the rows from `bounds[i]` to `bounds[i + 1]`."""
    offsets = events[0]
    most, most_rows, n_leaves = 0, 0, len(plan.selection)
    for i in range(len(accounts)):
        most = max(most, offsets[accounts[i] + 1] - offsets[accounts[i]])
        most_rows = max(most_rows, bounds[i + 1] - bounds[i])
    x = _room_for(most, n_codes)
    edges = np.empty((2, most_rows), np.int64)
    leaves = np.empty((n_leaves, most_rows))
    for i in range(len(accounts)):
        begin, end = offsets[accounts[i]], offsets[accounts[i] + 1]
        instants = as_of[bounds[i] : bounds[i + 1]]
        leaf = 0
        while leaf < n_leaves:
            after = leaf
            while after < n_leaves and plan.selection[after] == plan.selection[leaf]:
                after += 1
            _fill_selection(events, begin, end, instants, plan, leaf, after, x, edges, leaves)
            leaf = after
        _put_together(leaves, len(instants), plan, out[:, bounds[i] : bounds[i + 1]])


@compiled
def _room_for(most, n_codes):
    codes = np.empty((4, most), np.int32)
    marks = np.zeros(n_codes + 1, np.int64)
    at, value, room = np.empty(most, np.int64), np.empty(most), np.empty(most)
    return Selected(at, value, codes[0], codes[1], codes[2], codes[3], marks, room)


@compiled
def _fill_selection(events, begin, end, instants, plan, leaf, after, x, edges, leaves):
    """Evaluate the leaves from `leaf` to `after`, all of one selection, at every instant."""
    holds = plan.holds[plan.selection[leaf]]
    n, is_late = _select(events, begin, end, holds, plan.kind, EVER, x)
    if not is_late:
        _fill_leaves(x, n, instants, plan, leaf, after, edges, leaves)
        return
    for row in range(len(instants)):
        # Something was known later than it happened: at each instant another part of the events is known.
        n, _ = _select(events, begin, end, holds, plan.kind, instants[row], x)
        _fill_leaves(x, n, instants[row : row + 1], plan, leaf, after, edges, leaves[:, row:])


@compiled
def _select(events, begin, end, holds, kinds, known_before, x):
    """Copy the events of a selection that were known before an instant; whether any was known later than it was."""
    _, at, known_at, types, value, text, contact, touchpoint = events
    n, is_late = 0, False
    for i in range(begin, end):
        if holds[types[i]] and known_at[i] < known_before:
            x.at[n], x.value[n], x.kind[n] = at[i], value[i], kinds[types[i]]
            x.text[n], x.contact[n], x.touchpoint[n] = text[i], contact[i], touchpoint[i]
            is_late |= known_at[i] > at[i]
            n += 1
    return n, is_late


@compiled
def _fill_leaves(x, n, instants, plan, leaf, after, edges, leaves):
    """Evaluate leaves over the first `n` selected events, leaf by leaf and instant by instant, earliest first."""
    lows, highs = edges
    _edges(x.at, n, instants, np.int64(0), highs)
    window = np.int64(-1)
    for each in range(leaf, after):
        if plan.window[each] != window:
            window = plan.window[each]
            _edges(x.at, n, instants, window, lows)
        aggregate(plan.aggregate[each], x, lows, highs, instants, window, plan.parameter[each], leaves[each])


@compiled
def _edges(at, n, instants, back, edges):
    """The position of the first event at or after each instant less `back`: both only ever go forward."""
    place = 0
    for row in range(len(instants)):
        while place < n and at[place] < instants[row] - back:
            place += 1
        edges[row] = place


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
