"""One account's events of one selection, as the aggregates see them, and what several of them make use of."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Float = npt.NDArray[np.float64]

# Called by compiled code alone, which is what is kept on disk: these need no entrance of their own. They own no arrays,
# and so need not count who refers to one, which would take longer than most aggregates.
compiled = numba.njit(nogil=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)

KIND, TEXT, CONTACT, TOUCHPOINT, SUMS = range(5)
NEVER = np.iinfo(np.int32).max
# Of what the sums reach, the least part that a window's own sum may be and still be told from them: 2^-30.
LEAST_PART = 2.0**-30


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


@numba.njit(nogil=True)
def room_for(events, most, n_codes):
    """Space for at most so many events of a log."""
    return Selected(
        np.zeros(1, np.int64), np.empty(most, np.int64), np.empty(most, np.float64), np.empty(most, np.int64), events,
        np.empty(most, np.float64), np.empty(4, np.float64), np.empty(2, np.int64), np.empty(5, np.bool_),
        np.empty(most + 1, np.int64), np.empty(most + 1, np.float64), np.empty(most + 1, np.float64),
        np.empty(most + 1, np.float64), np.empty((4, most), np.int32), np.zeros(n_codes + 1, np.int64),
    )  # fmt: skip


@compiled
def take(x, places, known_before):
    """Put those of the events at some places of the log into `x` that were known before an instant."""
    n = 0
    for i in places:
        if x.events.known_at[i] < known_before:
            x.at[n], x.value[n], x.where[n] = x.events.at[i], x.events.value[i], i
            n += 1
    x.n[0] = n
    for each in range(len(x.made)):
        x.made[each] = False


@compiled
def resumed(x, low):
    """The first event that an aggregate has not yet seen of a window that begins at `low`.

    What goes from event to event (`state`) need not begin anew at each date, as long as its window begins at the same
    event: the same steps in the same order give the same bits. Where it begins elsewhere, `state` is 0 again.
    """
    if x.reached[0] != low:
        x.reached[0], x.reached[1] = low, low
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


@compiled
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


@compiled
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
