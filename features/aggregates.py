"""The compiled aggregates: what can be computed over one account's selected events up to a date.

Each is one small function of the events `x` that were known before `as_of`, oldest first, of which those from `low` to
`high` lie in the half-open window [as_of - window, as_of). Times and windows are microseconds. `parameter` is what the
docstring says. Without events in the window counts and sums are 0 and all else is NaN; so is a value that is not there.
What is asked for at several dates or in several windows is made once: see `summed`, `previous` and `resumed`.
A new aggregate is a function here, a name in AGGREGATES, a branch in `aggregate`, and an oracle in its test.
"""

from __future__ import annotations

import numpy as np

from features.selected import CONTACT, KIND, TEXT, TOUCHPOINT, code, compiled, inlined, previous, resumed, summed

DAY = 86_400_000_000
EVER = np.int64(1) << np.int64(62)
MONTH = 30 * DAY
MEAN_MONTH = 30.436875 * DAY


@inlined
def count(x, low, high):
    """How many events there are."""
    return float(high - low)


@inlined
def total(x, low, high):
    """The sum of the values."""
    found, _ = summed(x, low, high)
    return found


@inlined
def mean(x, low, high):
    """The mean of the values."""
    found, n = summed(x, low, high)
    return found / n if n else np.nan


@inlined
def smallest(x, low, high):
    """The smallest value."""
    found = np.inf
    for value in x.value[low:high]:
        found = value if value < found else found
    return found if found < np.inf else np.nan


@inlined
def largest(x, low, high):
    """The largest value."""
    found = -np.inf
    for value in x.value[low:high]:
        found = value if value > found else found
    return found if found > -np.inf else np.nan


@inlined
def first(x, low, high):
    """The earliest value that is there."""
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            return x.value[i]
    return np.nan


@inlined
def latest(x, low, high):
    """The place of the latest event before `high` that has a value, `low` - 1 for none."""
    i = high - 1
    while i >= low and np.isnan(x.value[i]):
        i -= 1
    return i


@inlined
def last(x, low, high):
    """The latest value that is there."""
    i = latest(x, low, high)
    return x.value[i] if i >= low else np.nan


@inlined
def current(x, low, high):
    """The value of the very latest event, NaN where it has none."""
    return x.value[high - 1] if high > low else np.nan


@inlined
def current_text(x, low, high):
    """The code of the latest event's text."""
    found = code(x, TEXT, high - 1) if high > low else -1
    return float(found) if found >= 0 else np.nan


@inlined
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
def sort(found):
    """Sort numbers in place (Shell 1959, with the steps of Knuth, The Art of Computer Programming 3, 5.2.1)."""
    step = 1
    while step < len(found) // 3:
        step = 3 * step + 1
    while step > 0:
        for i in range(step, len(found)):
            value, j = found[i], i
            while j >= step and found[j - step] > value:
                found[j] = found[j - step]
                j -= step
            found[j] = value
        step //= 3


@inlined
def sorted_quantile(found, q):
    """The q-quantile of some numbers, which it sorts, with linear interpolation (Hyndman and Fan 1996, type 7)."""
    if len(found) == 0:
        return np.nan
    sort(found)
    place = q * (len(found) - 1)
    below = int(place)
    above = min(below + 1, len(found) - 1)
    return found[below] + (place - below) * (found[above] - found[below])


@inlined
def quantile(x, low, high, q):
    """The quantile `parameter` (0 to 1) of the values."""
    n = 0
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            x.room[n] = x.value[i]
            n += 1
    return sorted_quantile(x.room[:n], q)


@inlined
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


@inlined
def active_days(x, low, high, as_of):
    """On how many days, counted back from `as_of`, something happened."""
    n, previous = 0.0, np.int64(-1)
    for i in range(high - 1, low - 1, -1):
        day = (as_of - 1 - x.at[i]) // DAY
        if day != previous:
            n += 1.0
            previous = day
    return n


@inlined
def days_since_last(x, low, high, as_of):
    """Days from the latest event to `as_of`."""
    return (as_of - x.at[high - 1]) / DAY if high > low else np.nan


@inlined
def days_since_first(x, low, high, as_of):
    """Days from the earliest event to `as_of`."""
    return (as_of - x.at[low]) / DAY if high > low else np.nan


@inlined
def distinct(x, column, low, high):
    """How many different codes of a column there are, none left out: as many as have none of the same before."""
    if not x.made[column]:
        previous(x, column)
    n = 0
    for before in x.previous[column, low:high]:
        n += before < low
    return float(n)


@inlined
def distinct_kinds(x, low, high):
    """How many different kinds there are."""
    return distinct(x, KIND, low, high)


@inlined
def distinct_contacts(x, low, high):
    """How many different contacts there are."""
    return distinct(x, CONTACT, low, high)


@inlined
def distinct_touchpoints(x, low, high):
    """How many different touchpoints there are."""
    return distinct(x, TOUCHPOINT, low, high)


@inlined
def distinct_texts(x, low, high):
    """How many different texts there are."""
    return distinct(x, TEXT, low, high)


@inlined
def gaps(x, low, high, as_of):
    """Put the days between successive active days (counted back from `as_of`) into `room`; return how many."""
    n, before = 0, np.int64(-1)
    for i in range(high - 1, low - 1, -1):
        day = (as_of - 1 - x.at[i]) // DAY
        if before >= 0 and day != before:
            x.room[n] = float(day - before)
            n += 1
        before = day
    return n


@inlined
def mean_gap_days(x, low, high, as_of):
    """The mean time between successive active days; NaN for fewer than two."""
    n = active_days(x, low, high, as_of) - 1
    return ((as_of - 1 - x.at[low]) // DAY - (as_of - 1 - x.at[high - 1]) // DAY) / n if n > 0 else np.nan


@inlined
def gap_ratio(x, low, high, as_of):
    """The time since the latest event against the median time between active days; NaN for fewer than three."""
    n = gaps(x, low, high, as_of)
    return (as_of - x.at[high - 1]) / DAY / sorted_quantile(x.room[:n], 0.5) if n > 1 else np.nan


@inlined
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


@inlined
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


@inlined
def halved(since, until, half_life):
    """What is left of 1 after the time from one instant to another, halved every `half_life` days."""
    return np.exp2((since - until) / (half_life * DAY))


@inlined
def decayed_values(x, low, high, half_life):
    """The sum and the number of the values, each halved for every `half_life` days up to the latest, and its place.

    From value to value: what there was, halved for the time in between, and one more.
    """
    begin = resumed(x, low)
    found, weight, place = x.state[0], x.state[1], int(x.state[2])
    for i in range(begin, high):
        if not np.isnan(x.value[i]):
            share = halved(x.at[place], x.at[i], half_life) if weight > 0 else 0.0
            found, weight, place = found * share + x.value[i], weight * share + 1.0, i
    x.reached[1], x.state[0], x.state[1], x.state[2] = high, found, weight, place
    return found, weight, place


@inlined
def decayed_total(x, low, high, as_of, half_life):
    """The sum of the values, each halved for every `parameter` days of its age."""
    found, weight, latest = decayed_values(x, low, high, half_life)
    return found * halved(x.at[latest], as_of, half_life) if weight > 0 else 0.0


@inlined
def decayed_count(x, low, high, as_of, half_life):
    """The number of events, each halved for every `parameter` days of its age."""
    begin = resumed(x, low)
    found = x.state[0]
    for i in range(begin, high):
        found = found * halved(x.at[max(i - 1, low)], x.at[i], half_life) + 1.0
    x.reached[1], x.state[0] = high, found
    return found * halved(x.at[high - 1], as_of, half_life) if high > low else 0.0


@inlined
def decayed_mean(x, low, high, half_life):
    """The mean of the values, each weighing half as much for every `parameter` days that it is older."""
    found, weight, _ = decayed_values(x, low, high, half_life)
    return found / weight if weight > 0 else np.nan


@inlined
def last_change(x, low, high):
    """The latest value minus the one before."""
    i = latest(x, low, high)
    before = latest(x, low, i)
    return x.value[i] - x.value[before] if before >= low else np.nan


@inlined
def last_change_share(x, low, high):
    """The latest value's change as a share of the value before, which must not be 0."""
    i = latest(x, low, high)
    before = latest(x, low, i)
    if before < low or x.value[before] == 0:
        return np.nan
    return (x.value[i] - x.value[before]) / x.value[before]


@inlined
def falling_streak(x, low, high):
    """How many of the latest values, in a row, were each lower than the one before."""
    i, n = latest(x, low, high), 0.0
    if i < low:
        return np.nan
    before = latest(x, low, i)
    while before >= low and x.value[i] < x.value[before]:
        i, before, n = before, latest(x, low, before), n + 1.0
    return n


@inlined
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


@inlined
def gap_to_expectation(x, low, high, alpha):
    """The latest value minus what was expected before it; NaN for fewer than two values."""
    expected, gap = np.nan, np.nan
    for i in range(low, high):
        if not np.isnan(x.value[i]):
            gap = x.value[i] - expected
            expected = x.value[i] if np.isnan(expected) else expected + alpha * gap
    return gap


@inlined
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


@inlined
def share_below(x, low, high, limit):
    """The share of values below `parameter`."""
    found, n = 0, 0
    for i in range(low, high):
        n += not np.isnan(x.value[i])
        found += x.value[i] < limit
    return found / n if n else np.nan


@inlined
def share_above(x, low, high, limit):
    """The share of values of at least `parameter`."""
    found, n = 0, 0
    for i in range(low, high):
        n += not np.isnan(x.value[i])
        found += x.value[i] >= limit
    return found / n if n else np.nan


@inlined
def last_answered(x, low, high):
    """The position of the latest invitation (value 0) that was answered (value 1 beside it), -1 for none."""
    for i in range(high - 1, low - 1, -1):
        if x.value[i] > 0:
            return i
    return -1


@inlined
def unanswered_streak(x, low, high):
    """How many invitations were sent since the latest one that was answered."""
    if high == low:
        return np.nan
    answered, n = last_answered(x, low, high), 0.0
    for i in range(low, high):
        if x.value[i] == 0 and (answered < 0 or x.at[i] > x.at[answered]):
            n += 1.0
    return n


@inlined
def newly_silent(x, low, high, least):
    """1 where an invitation was answered once, but none of at least `parameter` since then; else 0."""
    if high == low:
        return np.nan
    has_answered = last_answered(x, low, high) >= 0
    return 1.0 if has_answered and unanswered_streak(x, low, high) >= least else 0.0


@inlined
def always_silent(x, low, high):
    """1 where invitations were sent and none was ever answered; else 0."""
    if high == low:
        return np.nan
    return 1.0 if last_answered(x, low, high) < 0 else 0.0


@inlined
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


@inlined
def aggregate(which, x, low, high, as_of, window, parameter):
    """The value of an aggregate, by its place in AGGREGATES."""
    if which == 0:
        return count(x, low, high)
    if which == 1:
        return total(x, low, high)
    if which == 2:
        return mean(x, low, high)
    if which == 3:
        return smallest(x, low, high)
    if which == 4:
        return largest(x, low, high)
    if which == 5:
        return first(x, low, high)
    if which == 6:
        return last(x, low, high)
    if which == 7:
        return current(x, low, high)
    if which == 8:
        return current_text(x, low, high)
    if which == 9:
        return spread(x, low, high)
    if which == 10:
        return quantile(x, low, high, parameter)
    if which == 11:
        return slope(x, low, high, as_of)
    if which == 12:
        return active_days(x, low, high, as_of)
    if which == 13:
        return days_since_last(x, low, high, as_of)
    if which == 14:
        return days_since_first(x, low, high, as_of)
    if which == 15:
        return distinct_kinds(x, low, high)
    if which == 16:
        return distinct_contacts(x, low, high)
    if which == 17:
        return distinct_touchpoints(x, low, high)
    if which == 18:
        return distinct_texts(x, low, high)
    if which == 19:
        return mean_gap_days(x, low, high, as_of)
    if which == 20:
        return gap_ratio(x, low, high, as_of)
    if which == 21:
        return count_slope(x, low, high, as_of, window)
    if which == 22:
        return active_streak(x, low, high, as_of, parameter)
    if which == 23:
        return decayed_total(x, low, high, as_of, parameter)
    if which == 24:
        return decayed_count(x, low, high, as_of, parameter)
    if which == 25:
        return decayed_mean(x, low, high, parameter)
    if which == 26:
        return last_change(x, low, high)
    if which == 27:
        return last_change_share(x, low, high)
    if which == 28:
        return falling_streak(x, low, high)
    if which == 29:
        return expectation(x, low, high, parameter)
    if which == 30:
        return gap_to_expectation(x, low, high, parameter)
    if which == 31:
        return recovery_days(x, low, high, as_of, parameter)
    if which == 32:
        return share_below(x, low, high, parameter)
    if which == 33:
        return share_above(x, low, high, parameter)
    if which == 34:
        return unanswered_streak(x, low, high)
    if which == 35:
        return newly_silent(x, low, high, parameter)
    if which == 36:
        return always_silent(x, low, high)
    return days_to_renewal(x, low, high, as_of)
