"""One walk over every account's events: all selections, windows and as-of dates of a plan, compiled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.aggregates import EVER, aggregate
from features.log import EventLog
from features.selected import Events, compiled, entrance, room_for, spliced, take

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


def walk(log: EventLog, accounts: Int, as_of: Int, plan: Plan, places: Int | None = None) -> Single:
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
    places
        where among the result's rows each row of the spine goes; None: in its own order.
    """
    places = np.arange(len(accounts)) if places is None else places
    out = np.empty((len(plan.operation), len(accounts)), dtype=np.float32)
    starts = np.flatnonzero(np.r_[True, accounts[1:] != accounts[:-1]][: len(accounts)])
    bounds = np.append(starts, len(accounts))
    most_events = int(np.diff(log.offsets)[accounts[starts]].max(initial=0))
    most_rows = int(np.diff(bounds).max(initial=1))
    events = Events(log.at, log.known_at, log.type, log.value, plan.kind, log.text, log.contact, log.touchpoint)
    x = room_for(events, most_events, log.n_codes)
    most_takers = int(np.diff(plan.taken_from).max(initial=0))
    room = Room(
        starts=np.empty(len(plan.leaf_from), dtype=np.int64),
        places=np.empty(most_events * most_takers, dtype=np.int64),
        lows=np.zeros(most_rows, dtype=np.int64),
        highs=np.zeros(most_rows, dtype=np.int64),
        leaves=np.empty((len(plan.aggregate), most_rows)),
        nothing=np.empty(len(plan.aggregate)),
    )
    _enter(x, room, log.offsets, Rows(accounts[starts], bounds, as_of, places), plan, out)
    return out


class Rows(NamedTuple):
    """The spine: account `accounts[i]` of the log owns the rows from `bounds[i]` to `bounds[i + 1]`.

    `as_of` (rows,) are their instants in microseconds, ascending in each account, and `places` (rows,) where each goes
    among the result's rows.
    """

    accounts: Int
    bounds: Int
    as_of: Int
    places: Int


class Room(NamedTuple):
    """Space to work in.

    The events of an account that selection s takes are at `places[starts[s] : starts[s + 1]]` of the log; `lows` and
    `highs` (rows,) say where a window begins and ends among them, and `leaves` (leaves, rows) are the account's.
    `nothing` (leaves,) is what they are where there are no events.
    """

    starts: Int
    places: Int
    lows: Int
    highs: Int
    leaves: Float
    nothing: Float


@compiled
def _walk(x, room, offsets, rows, plan, out):
    """Fill `out` account by account, whose events are those from `offsets[account]` to `offsets[account + 1]`."""
    _fill_leaves(x, rows.as_of[:1], plan, 0, len(plan.aggregate), room, 0)
    for leaf in range(len(room.nothing)):
        room.nothing[leaf] = room.leaves[leaf, 0]
    for i in range(len(rows.accounts)):
        account, begin, end = rows.accounts[i], rows.bounds[i], rows.bounds[i + 1]
        instants = rows.as_of[begin:end]
        _deal(x.events, offsets[account], offsets[account + 1], instants[-1], plan, room)
        for selection in range(len(plan.leaf_from) - 1):
            _fill_selection(x, instants, plan, selection, room)
        _put_together(room.leaves, plan, rows.places[begin:end], out)


@compiled
def _deal(events, begin, end, until, plan, room):
    """Put the places of an account's events before an instant into the selections that take them, in their order."""
    starts, types = room.starts, events.type
    while end > begin and events.at[end - 1] >= until:
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
            room.places[starts[plan.taker[j]]] = i


@spliced
def _fill_selection(x, instants, plan, selection, room):
    """Evaluate the leaves of one selection at every instant."""
    own = room.places[room.starts[selection] : room.starts[selection + 1]]
    first, last = plan.leaf_from[selection], plan.leaf_from[selection + 1]
    if len(own) == 0:
        _fill_with_nothing(first, last, len(instants), room)
        return
    is_late, row = take(x, own, EVER), 0
    while row < len(instants):
        after = row
        while after < len(instants) and not (is_late and _is_late(x.events, own, instants[after])):
            after += 1
        if after == row:
            # Something had happened and was not known: at this instant another part of the events is known.
            take(x, own, instants[row])
            after += 1
        elif is_late:
            take(x, own, EVER)
        _fill_leaves(x, instants[row:after], plan, first, last, room, row)
        row = after


@compiled
def _fill_with_nothing(first, last, n_rows, room):
    for leaf in range(first, last):
        for row in range(n_rows):
            room.leaves[leaf, row] = room.nothing[leaf]


@compiled
def _is_late(events, places, instant):
    """Whether some event had happened before an instant, but was not known by then."""
    found = False
    for i in places:
        found |= events.at[i] < instant <= events.known_at[i]
    return found


@compiled
def _fill_leaves(x, instants, plan, first, last, room, begin):
    """Evaluate leaves over the selected events, leaf by leaf and instant by instant, into the rows from `begin` on."""
    lows, highs, window = room.lows, room.highs, np.int64(-1)
    _ends(x.at[: x.n[0]], instants, lows, highs)
    for leaf in range(first, last):
        if plan.window[leaf] != window:
            window = plan.window[leaf]
            _beginnings(x.at[: x.n[0]], instants, window, lows)
        which, parameter, x.reached[0] = plan.aggregate[leaf], plan.parameter[leaf], -1
        for row in range(len(instants)):
            value = aggregate(which, x, lows[row], highs[row], instants[row], window, parameter)
            room.leaves[leaf, begin + row] = value


@compiled
def _ends(at, instants, lows, highs):
    """The position of the first event at or after each instant: it only ever goes forward. Windows of no length."""
    place = 0
    for row in range(len(instants)):
        while place < len(at) and at[place] < instants[row]:
            place += 1
        lows[row] = highs[row] = place


@compiled
def _beginnings(at, instants, window, lows):
    """The position of the first event of each instant's window, given those of a shorter window: not after them."""
    place = lows[0]
    while place > 0 and at[place - 1] >= instants[0] - window:
        place -= 1
    for row in range(len(instants)):
        while place < len(at) and at[place] < instants[row] - window:
            place += 1
        lows[row] = place


@compiled
def _put_together(leaves, plan, places, out):
    """Fill some places of the columns (columns, rows) from the leaves (leaves, rows); a ratio over nothing is NaN."""
    for column in range(len(plan.operation)):
        operation, left, right = plan.operation[column], plan.left[column], plan.right[column]
        for row in range(len(places)):
            value = leaves[left, row]
            if operation == DIFFERENCE:
                value = value - leaves[right, row]
            elif operation == RATIO:
                value = value / leaves[right, row] if leaves[right, row] != 0 else np.nan
            out[column, places[row]] = value


def _entrance_of(code: int) -> Callable[..., None]:
    """The walk as Python calls it.

    Numba keeps it on disk by this file's time and by what it closes over: of other code below it, another one.
    """

    @entrance
    def enter(x, room, offsets, rows, plan, out):
        if code:
            _walk(x, room, offsets, rows, plan, out)

    return enter  # type: ignore[no-any-return]


def _code(folder: Path) -> int:
    """The number, never 0, of the files in a folder that the walk is compiled from."""
    text = b"".join((folder / f"{name}.py").read_bytes() for name in ("aggregates", "selected", "walk"))
    return int.from_bytes(hashlib.sha256(text).digest()[:6], "big") | 1


_enter = _entrance_of(_code(Path(__file__).parent))
