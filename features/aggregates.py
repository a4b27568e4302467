"""The compiled aggregates: what can be computed over one account's selected events up to a date.

Each is one small function of the events `x` that were known before `as_of`, oldest first, of which those from `low` to
`high` lie in the half-open window [as_of - window, as_of). Times and windows are microseconds. `parameter` is what the
docstring says. Without events in the window counts and sums are 0 and all else is NaN; so is a value that is not there.
A new aggregate is a function here, a name in AGGREGATES, a line in the dispatch, and an oracle in its test.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

DAY = 86_400_000_000
EVER = np.int64(1) << np.int64(62)
MONTH = 30 * DAY
MEAN_MONTH = 30.436875 * DAY


class Selected(NamedTuple):
    """One account's events of one selection, oldest first; codes are -1 where there is none, values NaN.

    `marks` has a cell for every code and one more, `room` one for every event: space for an aggregate to work in.
    """

    at: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    kind: npt.NDArray[np.int32]
    text: npt.NDArray[np.int32]
    contact: npt.NDArray[np.int32]
    touchpoint: npt.NDArray[np.int32]
    marks: npt.NDArray[np.int64]
    room: npt.NDArray[np.float64]


compiled = numba.njit(cache=True, nogil=True)
inlined = numba.njit(cache=True, nogil=True, inline="always")


@compiled
def count(x, low, high):
    """How many events there are."""
    return float(high - low)


@compiled
def total(x, low, high):
    """The sum of the values."""
    found = 0.0
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            found += x.value[i]
    return found


@compiled
def mean(x, low, high):
    """The mean of the values."""
    found, n = 0.0, 0
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            found += x.value[i]
            n += 1
    return found / n if n else np.nan


@compiled
def smallest(x, low, high):
    """The smallest value."""
    found = np.nan
    for i in range(low, high):
        if not x.value[i] >= found:
            found = x.value[i] if not np.isnan(x.value[i]) else found
    return found


@compiled
def largest(x, low, high):
    """The largest value."""
    found = np.nan
    for i in range(low, high):
        if not x.value[i] <= found:
            found = x.value[i] if not np.isnan(x.value[i]) else found
    return found


@compiled
def first(x, low, high):
    """The earliest value that is there."""
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            return x.value[i]
    return np.nan


@compiled
def last(x, low, high):
    """The latest value that is there."""
    for i in range(high - 1, low - 1, -1):
        if not np.isnan(x.value[i]):
            return x.value[i]
    return np.nan


@compiled
def current(x, low, high):
    """The value of the very latest event, NaN where it has none."""
    return x.value[high - 1] if high > low else np.nan


@compiled
def current_text(x, low, high):
    """The code of the latest event's text."""
    return float(x.text[high - 1]) if high > low and x.text[high - 1] >= 0 else np.nan


@compiled
def spread(x, low, high):
    """The sample standard deviation of the values; NaN for fewer than two."""
    middle = mean(x, low, high)
    found, n = 0.0, 0
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            found += (x.value[i] - middle) ** 2
            n += 1
    return np.sqrt(found / (n - 1)) if n > 1 else np.nan


@compiled
def values(x, low, high):
    """The values that are there, in `room`."""
    n = 0
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            x.room[n] = x.value[i]
            n += 1
    return x.room[:n]


@compiled
def sorted_quantile(found, q):
    """The q-quantile of some numbers, which it sorts, with linear interpolation (Hyndman and Fan 1996, type 7)."""
    if len(found) == 0:
        return np.nan
    found.sort()
    place = q * (len(found) - 1)
    below = int(place)
    above = min(below + 1, len(found) - 1)
    return found[below] + (place - below) * (found[above] - found[below])


@compiled
def quantile(x, low, high, q):
    """The quantile `parameter` (0 to 1) of the values."""
    return sorted_quantile(values(x, low, high), q)


@compiled
def slope(x, low, high, as_of):
    """The least-squares change of the value in 30 days; NaN where all values are of one instant."""
    time, level, n = 0.0, 0.0, 0
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            time += (x.at[i] - as_of) / MONTH
            level += x.value[i]
            n += 1
    if n < 2:
        return np.nan
    time, level = time / n, level / n
    around, along = 0.0, 0.0
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            ahead = (x.at[i] - as_of) / MONTH - time
            around += ahead**2
            along += ahead * (x.value[i] - level)
    return along / around if around > 0 else np.nan


@compiled
def active_days(x, low, high, as_of):
    """On how many days, counted back from `as_of`, something happened."""
    n, previous = 0.0, np.int64(-1)
    for i in range(high - 1, low - 1, -1):
        day = (as_of - 1 - x.at[i]) // DAY
        if day != previous:
            n += 1.0
            previous = day
    return n


@compiled
def days_since_last(x, low, high, as_of):
    """Days from the latest event to `as_of`."""
    return (as_of - x.at[high - 1]) / DAY if high > low else np.nan


@compiled
def days_since_first(x, low, high, as_of):
    """Days from the earliest event to `as_of`."""
    return (as_of - x.at[low]) / DAY if high > low else np.nan


@compiled
def distinct(codes, low, high, marks):
    """How many different codes there are, -1 (none) left out."""
    # The last cell counts the calls: a number that stands nowhere else yet.
    marks[-1] += 1
    n, mark = 0.0, marks[-1]
    for i in range(low, high):
        code = codes[i]
        if code >= 0 and marks[code] != mark:
            marks[code] = mark
            n += 1.0
    return n


@compiled
def gaps(x, low, high, as_of):
    """The days between successive active days (counted back from `as_of`), in `room`."""
    n, previous = 0, np.int64(-1)
    for i in range(high - 1, low - 1, -1):
        day = (as_of - 1 - x.at[i]) // DAY
        if previous >= 0 and day != previous:
            x.room[n] = float(day - previous)
            n += 1
        previous = day
    return x.room[:n]


@compiled
def mean_gap_days(x, low, high, as_of):
    """The mean time between successive active days; NaN for fewer than two."""
    found = gaps(x, low, high, as_of)
    return found.sum() / len(found) if len(found) else np.nan


@compiled
def gap_ratio(x, low, high, as_of):
    """The time since the latest event against the median time between active days; NaN for fewer than three."""
    found = gaps(x, low, high, as_of)
    if len(found) < 2:
        return np.nan
    return (as_of - x.at[high - 1]) / DAY / sorted_quantile(found, 0.5)


@compiled
def count_slope(x, low, high, as_of, window):
    """The least-squares change of the events in a 30-day block from block to block of the window, all blocks whole."""
    blocks = window // MONTH
    if blocks < 2 or window == EVER:
        return np.nan
    middle, along = (blocks - 1) / 2.0, 0.0
    for i in range(low, high):
        block = (as_of - 1 - x.at[i]) // MONTH
        if block < blocks:
            along += middle - block
    return along / (blocks * (blocks * blocks - 1) / 12.0)


@compiled
def active_streak(x, low, high, as_of, days):
    """How many successive periods of `parameter` days, counted back from `as_of`, hold an event."""
    n = 0.0
    for i in range(high - 1, low - 1, -1):
        period = (as_of - 1 - x.at[i]) // np.int64(days * DAY)
        if period > n:
            break
        if period == n:
            n += 1.0
    return n


@compiled
def decayed_total(x, low, high, as_of, half_life):
    """The sum of the values, each halved for every `parameter` days of its age."""
    found = 0.0
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            found += x.value[i] * np.exp2((x.at[i] - as_of) / (half_life * DAY))
    return found


@compiled
def decayed_count(x, low, high, as_of, half_life):
    """The number of events, each halved for every `parameter` days of its age."""
    found = 0.0
    for i in range(low, high):
        found += np.exp2((x.at[i] - as_of) / (half_life * DAY))
    return found


@compiled
def decayed_mean(x, low, high, half_life):
    """The mean of the values, each weighing half as much for every `parameter` days that it is older."""
    found, weight = 0.0, 0.0
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            # Ages count from the latest event, or the weights of an old history would all be 0.
            own = np.exp2((x.at[i] - x.at[high - 1]) / (half_life * DAY))
            found += own * x.value[i]
            weight += own
    return found / weight if weight > 0 else np.nan


@compiled
def last_change(x, low, high):
    """The latest value minus the one before."""
    found = values(x, low, high)
    return found[-1] - found[-2] if len(found) > 1 else np.nan


@compiled
def last_change_share(x, low, high):
    """The latest value's change as a share of the value before, which must not be 0."""
    found = values(x, low, high)
    return (found[-1] - found[-2]) / found[-2] if len(found) > 1 and found[-2] != 0 else np.nan


@compiled
def falling_streak(x, low, high):
    """How many of the latest values, in a row, were each lower than the one before."""
    found = values(x, low, high)
    n = 0
    while n + 1 < len(found) and found[-1 - n] < found[-2 - n]:
        n += 1
    return float(n) if len(found) else np.nan


@compiled
def expectation(x, low, high, alpha):
    """What the account has come to expect: E moves by `parameter` of each disappointment or delight, x - E.

    It starts at the first value (Bolton 1998, "A Dynamic Model of the Duration of the Customer's Relationship with a
    Continuous Service Provider", anchoring and adjustment).
    """
    found = np.nan
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            found = x.value[i] if np.isnan(found) else found + alpha * (x.value[i] - found)
    return found


@compiled
def gap_to_expectation(x, low, high, alpha):
    """The latest value minus what was expected before it; NaN for fewer than two values."""
    expected, gap = np.nan, np.nan
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            gap = x.value[i] - expected
            expected = x.value[i] if np.isnan(expected) else expected + alpha * gap
    return gap


@compiled
def recovery_days(x, low, high, as_of, alpha):
    """Days from the latest fall below expectation until it was met again, or until `as_of` while it is not.

    What has to be met again is the expectation (as `expectation` moves it) at the moment of the fall; NaN where the
    account never fell below it.
    """
    expected, bar, began, found = np.nan, np.nan, np.int64(0), np.nan
    for i in range(low, high):
        value = x.value[i]
        if np.isnan(value):
            continue
        if np.isnan(bar) and value < expected:
            bar, began = expected, x.at[i]
        elif value >= bar:
            found, bar = (x.at[i] - began) / DAY, np.nan
        expected = value if np.isnan(expected) else expected + alpha * (value - expected)
    return found if np.isnan(bar) else (as_of - began) / DAY


@compiled
def share_below(x, low, high, limit):
    """The share of values below `parameter`."""
    found = values(x, low, high)
    return (found < limit).sum() / len(found) if len(found) else np.nan


@compiled
def share_above(x, low, high, limit):
    """The share of values of at least `parameter`."""
    found = values(x, low, high)
    return (found >= limit).sum() / len(found) if len(found) else np.nan


@compiled
def last_answered(x, low, high):
    """The position of the latest invitation (value 0) that was answered (value 1 beside it), -1 for none."""
    for i in range(high - 1, low - 1, -1):
        if x.value[i] > 0:
            return i
    return -1


@compiled
def unanswered_streak(x, low, high):
    """How many invitations were sent since the latest one that was answered."""
    if high == low:
        return np.nan
    answered, n = last_answered(x, low, high), 0.0
    for i in range(low, high):
        if x.value[i] == 0 and (answered < 0 or x.at[i] > x.at[answered]):
            n += 1.0
    return n


@compiled
def newly_silent(x, low, high, least):
    """1 where an invitation was answered once, but none of at least `parameter` since then; else 0."""
    if high == low:
        return np.nan
    has_answered = last_answered(x, low, high) >= 0
    return 1.0 if has_answered and unanswered_streak(x, low, high) >= least else 0.0


@compiled
def always_silent(x, low, high):
    """1 where invitations were sent and none was ever answered; else 0."""
    if high == low:
        return np.nan
    return 1.0 if last_answered(x, low, high) < 0 else 0.0


@compiled
def days_to_renewal(x, low, high, as_of):
    """Days to the next anniversary, in billing periods (value: months), of the latest start."""
    if high == low or not x.value[high - 1] > 0:
        return np.nan
    period = x.value[high - 1] * MEAN_MONTH
    since = (as_of - x.at[high - 1]) % period
    return (period - since) / DAY if since > 0 else 0.0


AGGREGATES = (
    "count", "total", "mean", "smallest", "largest", "first", "last", "current", "current_text", "spread",
    "quantile", "slope", "active_days", "days_since_last", "days_since_first",
    "distinct_kinds", "distinct_contacts", "distinct_touchpoints", "distinct_texts",
    "mean_gap_days", "gap_ratio", "count_slope", "active_streak", "decayed_total", "decayed_count", "decayed_mean",
    "last_change", "last_change_share", "falling_streak", "expectation", "gap_to_expectation", "recovery_days",
    "share_below", "share_above", "unanswered_streak", "newly_silent", "always_silent", "days_to_renewal",
)  # fmt: skip


@compiled
def aggregate(code, x, lows, highs, instants, window, parameter, found):
    """Fill `found` at each instant for the events from `lows` to `highs`, by the aggregate's place in AGGREGATES."""
    n = len(instants)
    if code == 0:
        for i in range(n):
            found[i] = count(x, lows[i], highs[i])
    elif code == 1:
        for i in range(n):
            found[i] = total(x, lows[i], highs[i])
    elif code == 2:
        for i in range(n):
            found[i] = mean(x, lows[i], highs[i])
    elif code == 3:
        for i in range(n):
            found[i] = smallest(x, lows[i], highs[i])
    elif code == 4:
        for i in range(n):
            found[i] = largest(x, lows[i], highs[i])
    elif code == 5:
        for i in range(n):
            found[i] = first(x, lows[i], highs[i])
    elif code == 6:
        for i in range(n):
            found[i] = last(x, lows[i], highs[i])
    elif code == 7:
        for i in range(n):
            found[i] = current(x, lows[i], highs[i])
    elif code == 8:
        for i in range(n):
            found[i] = current_text(x, lows[i], highs[i])
    elif code == 9:
        for i in range(n):
            found[i] = spread(x, lows[i], highs[i])
    elif code == 10:
        for i in range(n):
            found[i] = quantile(x, lows[i], highs[i], parameter)
    elif code == 11:
        for i in range(n):
            found[i] = slope(x, lows[i], highs[i], instants[i])
    elif code == 12:
        for i in range(n):
            found[i] = active_days(x, lows[i], highs[i], instants[i])
    elif code == 13:
        for i in range(n):
            found[i] = days_since_last(x, lows[i], highs[i], instants[i])
    elif code == 14:
        for i in range(n):
            found[i] = days_since_first(x, lows[i], highs[i], instants[i])
    elif code == 15:
        for i in range(n):
            found[i] = distinct(x.kind, lows[i], highs[i], x.marks)
    elif code == 16:
        for i in range(n):
            found[i] = distinct(x.contact, lows[i], highs[i], x.marks)
    elif code == 17:
        for i in range(n):
            found[i] = distinct(x.touchpoint, lows[i], highs[i], x.marks)
    elif code == 18:
        for i in range(n):
            found[i] = distinct(x.text, lows[i], highs[i], x.marks)
    elif code == 19:
        for i in range(n):
            found[i] = mean_gap_days(x, lows[i], highs[i], instants[i])
    elif code == 20:
        for i in range(n):
            found[i] = gap_ratio(x, lows[i], highs[i], instants[i])
    elif code == 21:
        for i in range(n):
            found[i] = count_slope(x, lows[i], highs[i], instants[i], window)
    elif code == 22:
        for i in range(n):
            found[i] = active_streak(x, lows[i], highs[i], instants[i], parameter)
    elif code == 23:
        for i in range(n):
            found[i] = decayed_total(x, lows[i], highs[i], instants[i], parameter)
    elif code == 24:
        for i in range(n):
            found[i] = decayed_count(x, lows[i], highs[i], instants[i], parameter)
    elif code == 25:
        for i in range(n):
            found[i] = decayed_mean(x, lows[i], highs[i], parameter)
    elif code == 26:
        for i in range(n):
            found[i] = last_change(x, lows[i], highs[i])
    elif code == 27:
        for i in range(n):
            found[i] = last_change_share(x, lows[i], highs[i])
    elif code == 28:
        for i in range(n):
            found[i] = falling_streak(x, lows[i], highs[i])
    elif code == 29:
        for i in range(n):
            found[i] = expectation(x, lows[i], highs[i], parameter)
    elif code == 30:
        for i in range(n):
            found[i] = gap_to_expectation(x, lows[i], highs[i], parameter)
    elif code == 31:
        for i in range(n):
            found[i] = recovery_days(x, lows[i], highs[i], instants[i], parameter)
    elif code == 32:
        for i in range(n):
            found[i] = share_below(x, lows[i], highs[i], parameter)
    elif code == 33:
        for i in range(n):
            found[i] = share_above(x, lows[i], highs[i], parameter)
    elif code == 34:
        for i in range(n):
            found[i] = unanswered_streak(x, lows[i], highs[i])
    elif code == 35:
        for i in range(n):
            found[i] = newly_silent(x, lows[i], highs[i], parameter)
    elif code == 36:
        for i in range(n):
            found[i] = always_silent(x, lows[i], highs[i])
    else:
        for i in range(n):
            found[i] = days_to_renewal(x, lows[i], highs[i], instants[i])
