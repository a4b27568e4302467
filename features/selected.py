"""One account's events of one selection, as the aggregates see them, and what several of them make use of."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Float = npt.NDArray[np.float64]

# Compiled code owns no arrays, and so need not count who refers to one: that would take longer than most aggregates.
_HOW = {"nogil": True, "error_model": "numpy", "_nrt": False}
# What Python calls; only this is kept on disk, with all that it calls.
entrance = numba.njit(**_HOW, cache=True)
compiled = numba.njit(**_HOW, no_cpython_wrapper=True, no_cfunc_wrapper=True)
# To hand over all arrays takes as long as a small aggregate does: those become part of what calls them, as does what
# is called in one place and would only be compiled twice.
inlined = numba.njit(**_HOW, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)
spliced = numba.njit(**_HOW, inline="always")

KIND, TEXT, CONTACT, TOUCHPOINT, SUMS = range(5)
NEVER = np.iinfo(np.int32).max
# Of what the sums reach, the least part that a window's own sum may be and still be told from them exactly enough.
LEAST_PART = 2.0**-50


class Events(NamedTuple):
    """The columns of an event log; `kind` is by type."""

    at: Int
    known_at: Int
    type: Codes
    value: Float
    kind: Codes
    text: Codes
    contact: Codes
    touchpoint: Codes


class Selected(NamedTuple):
    """One account's events of one selection, oldest first: `at` and `value` (NaN: none), in the first `n[0]` cells.

    `where` are their places in the log's `events`. The others are room to work in: `room` for an aggregate, `state` and
    `reached` for one that goes on from date to date (see `resumed`), and the rest for what is made once for all
    aggregates when the first asks for it (see `sums` and `previous`); `made` says what has been.
    """

    n: Int
    at: Int
    value: Float
    where: Int
    events: Events
    room: Float
    state: Float
    reached: Int
    made: npt.NDArray[np.bool_]
    n_values: Int
    sum: Float
    rest: Float
    peak: Float
    previous: Codes
    marks: Int


def room_for(events: Events, most: int, n_codes: int) -> Selected:
    """Return space for at most so many events of a log."""
    return Selected(
        n=np.zeros(1, dtype=np.int64),
        at=np.empty(most, dtype=np.int64),
        value=np.empty(most),
        where=np.empty(most, dtype=np.int64),
        events=events,
        room=np.empty(most),
        state=np.empty(4),
        reached=np.empty(2, dtype=np.int64),
        made=np.zeros(5, dtype=np.bool_),
        n_values=np.empty(most + 1, dtype=np.int64),
        sum=np.empty(most + 1),
        rest=np.empty(most + 1),
        peak=np.empty(most + 1),
        previous=np.empty((4, most), dtype=np.int32),
        marks=np.zeros(n_codes + 1, dtype=np.int64),
    )


@compiled
def take(x, places, known_before):
    """Put those of the events at some places of the log into `x` that were known before an instant.

    Returns whether any of them was known later than it happened.
    """
    n, is_late = 0, False
    for i in places:
        at, known_at = x.events.at[i], x.events.known_at[i]
        if known_at < known_before:
            x.at[n], x.value[n], x.where[n] = at, x.events.value[i], i
            is_late |= known_at > at
            n += 1
    x.n[0] = n
    for each in range(len(x.made)):
        x.made[each] = False
    return is_late


@inlined
def resumed(x, low):
    """The first event that an aggregate has not yet seen of a window that begins at `low`.

    What goes from event to event (`state`) need not begin anew at each date, as long as its window begins at the same
    event: the same steps in the same order give the same bits. Where it begins elsewhere, `state` is 0 again.
    """
    if x.reached[0] != low:
        x.reached[0] = x.reached[1] = low
        for each in range(len(x.state)):
            x.state[each] = 0.0
    return x.reached[1]


@compiled
def sums(x):
    """Make the sums of the values up to each event, with what rounding took from them, and how many values there are.

    Knuth's TwoSum (The Art of Computer Programming 2, 4.2.2, theorem B) finds what is lost by each addition, and the
    losses are summed beside (Ogita, Rump and Oishi 2005, "Accurate sum and dot product"): together twice as precise.
    """
    total, rest, peak, n = 0.0, 0.0, 0.0, 0
    x.sum[0], x.rest[0], x.peak[0], x.n_values[0] = total, rest, peak, n
    for i in range(x.n[0]):
        value = x.value[i]
        if not np.isnan(value):
            above = total + value
            part = above - total
            rest += (total - (above - part)) + (value - part)
            total = above
            peak = max(peak, abs(total))
            n += 1
        x.sum[i + 1], x.rest[i + 1], x.peak[i + 1], x.n_values[i + 1] = total, rest, peak, n
    x.made[SUMS] = True


@compiled
def added(value, low, high):
    """The sum of the values, one after the other."""
    found = 0.0
    for i in range(low, high):
        if not np.isnan(value[i]):
            found += value[i]
    return found


@inlined
def summed(x, low, high):
    """The sum of the values from `low` to `high`, and how many there are: the difference of two sums up to an event."""
    if not x.made[SUMS]:
        sums(x)
    n = x.n_values[high] - x.n_values[low]
    if n == 0:
        return 0.0, n
    above, below = x.sum[high], x.sum[low]
    found = above - below
    part = found - above
    found += (above - (found - part)) - (below + part) + (x.rest[high] - x.rest[low])
    if abs(found) >= LEAST_PART * x.peak[high]:
        return found, n
    # What came before is so large that the difference says little, or beyond all numbers: then there is none.
    return added(x.value, low, high), n


@inlined
def code(x, column, i):
    """The code of an event, -1 for none."""
    if column == KIND:
        return x.events.kind[x.events.type[x.where[i]]]
    if column == TEXT:
        return x.events.text[x.where[i]]
    return x.events.contact[x.where[i]] if column == CONTACT else x.events.touchpoint[x.where[i]]


@compiled
def previous(x, column):
    """Make for each event the place of the one before with the same code: -1 if there is none, NEVER without a code."""
    # The last cell goes on from call to call: what another call has left lies below it.
    base = x.marks[-1] + 1
    for i in range(x.n[0]):
        found = code(x, column, i)
        x.previous[column, i] = NEVER
        if found >= 0:
            x.previous[column, i] = max(x.marks[found] - base, -1)
            x.marks[found] = base + i
    x.marks[-1] = base + x.n[0]
    x.made[column] = True
