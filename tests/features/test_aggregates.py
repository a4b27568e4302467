"""Every aggregate against a row-by-row oracle, on random small logs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.aggregates import AGGREGATES, DAY, EVER
from features.log import LOG_COLUMNS, EventLog, to_log
from features.walk import DIFFERENCE, ITSELF, RATIO, Plan, walk

START = 1_700_000_000_000_000
HOUR = DAY // 24
KINDS = [None, "x", "y"]
WINDOWS = [7, 30, 90, None]
PARAMETERS = {
    "quantile": 0.9,
    "active_streak": 7.0,
    "decayed_total": 30.0,
    "decayed_count": 30.0,
    "decayed_mean": 30.0,
    "expectation": 0.3,
    "gap_to_expectation": 0.3,
    "recovery_days": 0.3,
    "share_below": 4.0,
    "share_above": 4.0,
    "newly_silent": 2.0,
}

# (at, known_at, type, value, text, contact), oldest first
Event = tuple[int, int, tuple, float | None, str | None, str | None]


def log_of(rows: list[tuple], everyone: list[str] = ()) -> EventLog:
    """An event log of (account, at in hours, delay of knowledge in hours, stream, kind, value, contact, text)."""
    events = [(a, START + at * HOUR, START + (at + late) * HOUR, s, k, v, t, c) for a, at, late, s, k, v, c, t in rows]
    events += [(account, START - 10**6, START - 10**6, "exists", None, None, None, None) for account in everyone]
    names = ("account_id", "at", "known_at", "stream", "kind", "value", "text", "contact_id")
    types = dict.fromkeys(LOG_COLUMNS, pa.string()) | {"at": pa.int64(), "known_at": pa.int64(), "value": pa.float64()}
    columns = {name: [event[i] for event in events] for i, name in enumerate(names)}
    table = pa.table({n: pa.array(columns.get(n, [None] * len(events)), types[n]) for n in LOG_COLUMNS})
    for i, name in ((1, "at"), (2, "known_at")):
        table = table.set_column(i, name, table[name].cast(pa.timestamp("us")))
    return to_log(table)


def values_of(events: list[Event]) -> list[float]:
    return [event[3] for event in events if event[3] is not None]


def days_back(events: list[Event], as_of: int) -> list[int]:
    return sorted({(as_of - 1 - event[0]) // DAY for event in events})


def gaps_of(events: list[Event], as_of: int) -> list[int]:
    days = days_back(events, as_of)
    return [later - sooner for sooner, later in pairwise(days)]


def line(x: list[float], y: list[float]) -> float:
    return float(np.polynomial.polynomial.polyfit(x, y, 1)[1]) if len(set(x)) > 1 else math.nan


def slope_of(events: list[Event], as_of: int) -> float:
    timed = [(event[0], event[3]) for event in events if event[3] is not None]
    return line([(at - as_of) / (30 * DAY) for at, _ in timed], [value for _, value in timed])


def count_slope_of(events: list[Event], as_of: int, days: int | None) -> float:
    if days is None or days < 60:
        return math.nan
    blocks = [0] * (days // 30)
    for event in events:
        block = (as_of - 1 - event[0]) // (30 * DAY)
        if block < len(blocks):
            blocks[-1 - block] += 1
    return line(list(range(len(blocks))), blocks)


def streak_of(events: list[Event], as_of: int) -> float:
    periods = {(as_of - 1 - event[0]) // (7 * DAY) for event in events}
    return float(next(n for n in range(len(periods) + 1) if n not in periods))


def decay(event: Event, instant: int) -> float:
    return 0.5 ** ((instant - event[0]) / DAY / 30.0)


def decayed_mean_of(events: list[Event]) -> float:
    weighted = [(decay(event, events[-1][0]), event[3]) for event in events if event[3] is not None]
    total = math.fsum(weight for weight, _ in weighted)
    return math.fsum(weight * value for weight, value in weighted) / total if total else math.nan


def expectations(values: list[float]) -> list[float]:
    """What is expected after each value."""
    found = values[:1]
    for value in values[1:]:
        found.append(0.7 * found[-1] + 0.3 * value)
    return found


def recovery_of(events: list[Event], as_of: int) -> float:
    timed = [(event[0], event[3]) for event in events if event[3] is not None]
    expected = [math.nan, *expectations([value for _, value in timed])]
    found, i = math.nan, 0
    while i < len(timed):
        if timed[i][1] < expected[i]:
            met = [j for j in range(i + 1, len(timed)) if timed[j][1] >= expected[i]]
            found = ((timed[met[0]][0] if met else as_of) - timed[i][0]) / DAY
            i = met[0] if met else len(timed)
        i += 1
    return found


def falls_of(values: list[float]) -> float:
    n = 0
    while n + 1 < len(values) and values[-1 - n] < values[-2 - n]:
        n += 1
    return float(n) if values else math.nan


def since_answered(events: list[Event]) -> float:
    answered = [event[0] for event in events if (event[3] or 0) > 0]
    return float(sum(event[3] == 0 and event[0] > max(answered, default=-1) for event in events))


def renewal_of(events: list[Event], as_of: int) -> float:
    if not events or not (events[-1][3] or 0) > 0:
        return math.nan
    period = events[-1][3] * 30.436875 * DAY
    periods = math.ceil((as_of - events[-1][0]) / period)
    return (events[-1][0] + periods * period - as_of) / DAY


def share_of(values: list[float], is_in: Callable[[float], bool]) -> float:
    return sum(map(is_in, values)) / len(values) if values else math.nan


def different(found: list) -> float:
    return float(len({each for each in found if each is not None}))


def oracle(name: str, e: list[Event], as_of: int, days: int | None, texts: tuple[str, ...]) -> float:
    """The aggregate by its definition."""
    v, gaps = values_of(e), gaps_of(e, as_of)
    return {
        "count": lambda: float(len(e)),
        "total": lambda: math.fsum(v),
        "mean": lambda: statistics.fmean(v) if v else math.nan,
        "smallest": lambda: min(v, default=math.nan),
        "largest": lambda: max(v, default=math.nan),
        "first": lambda: v[0] if v else math.nan,
        "last": lambda: v[-1] if v else math.nan,
        "current": lambda: e[-1][3] if e and e[-1][3] is not None else math.nan,
        "current_text": lambda: float(texts.index(e[-1][4])) if e and e[-1][4] else math.nan,
        "spread": lambda: statistics.stdev(v) if len(v) > 1 else math.nan,
        "quantile": lambda: float(pd.Series(v, dtype=float).quantile(0.9)),
        "slope": lambda: slope_of(e, as_of),
        "active_days": lambda: float(len(days_back(e, as_of))),
        "days_since_last": lambda: (as_of - e[-1][0]) / DAY if e else math.nan,
        "days_since_first": lambda: (as_of - e[0][0]) / DAY if e else math.nan,
        "distinct_kinds": lambda: different([event[2][1] for event in e]),
        "distinct_contacts": lambda: different([event[5] for event in e]),
        "distinct_touchpoints": lambda: 0.0,
        "distinct_texts": lambda: different([event[4] for event in e]),
        "mean_gap_days": lambda: statistics.fmean(gaps) if gaps else math.nan,
        "gap_ratio": lambda: (as_of - e[-1][0]) / DAY / statistics.median(gaps) if len(gaps) > 1 else math.nan,
        "count_slope": lambda: count_slope_of(e, as_of, days),
        "active_streak": lambda: streak_of(e, as_of),
        "decayed_total": lambda: math.fsum(event[3] * decay(event, as_of) for event in e if event[3] is not None),
        "decayed_count": lambda: math.fsum(decay(event, as_of) for event in e),
        "decayed_mean": lambda: decayed_mean_of(e),
        "last_change": lambda: v[-1] - v[-2] if len(v) > 1 else math.nan,
        "last_change_share": lambda: (v[-1] - v[-2]) / v[-2] if len(v) > 1 and v[-2] else math.nan,
        "falling_streak": lambda: falls_of(v),
        "expectation": lambda: expectations(v)[-1] if v else math.nan,
        "gap_to_expectation": lambda: v[-1] - expectations(v)[-2] if len(v) > 1 else math.nan,
        "recovery_days": lambda: recovery_of(e, as_of),
        "share_below": lambda: share_of(v, lambda value: value < 4),
        "share_above": lambda: share_of(v, lambda value: value >= 4),
        "unanswered_streak": lambda: since_answered(e) if e else math.nan,
        "newly_silent": lambda: float(any(x > 0 for x in v) and since_answered(e) >= 2) if e else math.nan,
        "always_silent": lambda: float(not any(x > 0 for x in v)) if e else math.nan,
        "days_to_renewal": lambda: renewal_of(e, as_of),
    }[name]()


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.integers(0, 24 * 100),
        st.sampled_from([0, 0, 5, 24 * 20]),
        st.sampled_from(["s", "t"]),
        st.sampled_from(KINDS),
        st.one_of(st.none(), st.integers(0, 9).map(float)),
        st.sampled_from([None, "p", "q"]),
        st.sampled_from([None, "green", "blue"]),
    ),
    max_size=14,
    unique_by=lambda row: (row[0], row[1]),
)


def plan_of(log: EventLog, leaves: list[tuple[str, str, int | None]]) -> Plan:
    """The plan of (streams, aggregate, days), ordered by streams; a column each."""
    selections = list(dict.fromkeys(streams for streams, _, _ in leaves))
    n = len(leaves)
    kinds = sorted({kind for _, kind, _ in log.types if kind is not None})
    of = [streams for streams, _, _ in leaves]
    takers = [[i for i, streams in enumerate(selections) if s in streams] for s, _, _ in log.types]
    return Plan(
        taken_from=np.cumsum([0, *map(len, takers)]),
        taker=np.array([taker for each in takers for taker in each], dtype=np.int64),
        leaf_from=np.array([*(of.index(streams) for streams in selections), n]),
        aggregate=np.array([AGGREGATES.index(name) for _, name, _ in leaves]),
        window=np.array([EVER if days is None else days * DAY for _, _, days in leaves]),
        parameter=np.array([PARAMETERS.get(name, math.nan) for _, name, _ in leaves]),
        operation=np.full(n, ITSELF),
        left=np.arange(n),
        right=np.arange(n),
        kind=np.array([-1 if kind is None else kinds.index(kind) for _, kind, _ in log.types], dtype=np.int32),
    )


LEAVES = [(streams, name, days) for streams in ("s", "st") for days in WINDOWS for name in AGGREGATES]


def same(value: float, expected: float) -> bool:
    both_missing = math.isnan(expected) and math.isnan(value)
    return both_missing or math.isclose(value, expected, rel_tol=2e-6, abs_tol=2e-6)


@settings(max_examples=80, deadline=None)
@given(rows=ROWS, cutoffs=st.lists(st.integers(0, 24 * 110), min_size=1, max_size=3, unique=True))
def test_every_aggregate_agrees_with_its_definition(rows: list[tuple], cutoffs: list[int]) -> None:
    log = log_of(rows, ["a", "b", "c"])
    instants = np.array([START + hours * HOUR for hours in sorted(cutoffs)])
    spine = np.repeat(np.arange(3), len(instants))
    got = walk(log, spine, np.tile(instants, 3), plan_of(log, LEAVES))
    for row, (account, as_of) in enumerate(zip(spine, np.tile(instants, 3), strict=True)):
        own = [row for row in rows if row[0] == "abc"[account]]
        events = sorted(
            (START + h * HOUR, START + (h + late) * HOUR, (s, k), v, t, c) for _, h, late, s, k, v, c, t in own
        )
        for column, (streams, name, days) in enumerate(LEAVES):
            since = -math.inf if days is None else as_of - days * DAY
            seen = [e for e in events if e[2][0] in streams and e[1] < as_of and e[0] >= since]
            expected = oracle(name, seen, int(as_of), days, log.texts)
            assert same(float(got[column, row]), expected), (name, days, seen, got[column, row], expected)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, more=ROWS, cutoff=st.integers(1, 24 * 100))
def test_what_happens_or_is_recorded_later_changes_nothing(rows: list[tuple], more: list[tuple], cutoff: int) -> None:
    later = [(row[0], row[1] + cutoff, *row[2:]) for row in more]
    later += [(row[0], row[1] % cutoff, cutoff - row[1] % cutoff + row[2], *row[3:]) for row in more]
    instants = np.full(2, START + cutoff * HOUR)
    before, after = (log_of(each, ["a", "b"]) for each in (rows, rows + later))
    leaves = [leaf for leaf in LEAVES if leaf[1] != "current_text"]
    one, other = (walk(log, np.arange(2), instants, plan_of(log, leaves)) for log in (before, after))
    np.testing.assert_array_equal(one, other)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 1000))
def test_the_order_in_which_events_come_changes_nothing(rows: list[tuple], seed: int) -> None:
    double = [*rows, *[(*row[:5], 1.0, *row[6:]) for row in rows]]
    shuffled = [double[i] for i in np.random.default_rng(seed).permutation(len(double))]
    one, other = (log_of(each, ["a", "b"]) for each in (double, shuffled))
    for name in ("at", "known_at", "type", "value", "text", "contact"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def one_account(*events: tuple[float, float], stream: str = "s") -> EventLog:
    """A log of one account with (day, value)."""
    return log_of([("a", round(day * 24), 0, stream, None, value, None, None) for day, value in events], ["a"])


@pytest.mark.parametrize(
    ("day", "expected"), [(7.0, 1.0), (6.0, 1.0), (8.0, 2.0)], ids=["at the start", "after it", "past the second"]
)
def test_a_window_holds_its_start_and_not_its_end(day: float, expected: float) -> None:
    log = one_account((0, 1.0), (7, 2.0))
    got = walk(log, np.array([0]), np.array([START + round(day * DAY)]), plan_of(log, [("s", "total", 7)]))
    assert got.tolist() == [[expected]]


def test_differences_and_ratios_come_of_unrounded_numbers() -> None:
    log = one_account((0, 123_456_789.25), (40, 0.5))
    plan = plan_of(log, [("s", "total", 30), ("s", "total", None)])
    plan = plan._replace(operation=np.array([DIFFERENCE, RATIO]), left=np.array([1, 0]), right=np.array([0, 1]))
    got = walk(log, np.array([0]), np.array([START + 50 * DAY]), plan)
    assert got[:, 0].tolist() == [np.float32(123_456_789.25), np.float32(0.5 / 123_456_789.75)]


def test_a_ratio_over_nothing_is_missing() -> None:
    log = one_account((0, 1.0))
    plan = plan_of(log, [("s", "count", None), ("t", "count", None)])
    plan = plan._replace(operation=np.array([RATIO]), left=np.array([0]), right=np.array([1]))
    assert math.isnan(walk(log, np.array([0]), np.array([START + DAY]), plan)[0, 0])


def test_an_account_without_events_has_a_row_too() -> None:
    log = log_of([], ["a"])
    got = walk(log, np.array([0]), np.array([START]), plan_of(log, [("s", "count", None), ("s", "mean", None)]))
    assert got[0, 0] == 0.0
    assert math.isnan(got[1, 0])


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, cutoffs=st.lists(st.integers(0, 24 * 110), min_size=2, max_size=5, unique=True))
def test_a_value_is_the_same_bits_whatever_else_is_computed_with_it(rows: list[tuple], cutoffs: list[int]) -> None:
    rows = [(*row[:5], row[5] if row[5] is None else row[5] / 7.0, *row[6:]) for row in rows]
    log = log_of(rows, ["a", "b"])
    instants = np.array([START + hours * HOUR for hours in sorted(cutoffs)])
    together = walk(log, np.repeat(np.arange(2), len(instants)), np.tile(instants, 2), plan_of(log, LEAVES))
    for row, as_of in enumerate(instants):
        for account in range(2):
            one = walk(log, np.array([account]), np.array([as_of]), plan_of(log, LEAVES))
            assert one.tobytes() == together[:, [account * len(instants) + row]].tobytes()
    for i, leaf in list(enumerate(LEAVES))[::17]:
        alone = walk(log, np.repeat(np.arange(2), len(instants)), np.tile(instants, 2), plan_of(log, [leaf]))
        assert alone[0].tobytes() == together[i].tobytes()


@pytest.mark.parametrize("large", [1e18, -1e18, 1e40, 1e300, 1.7e308])
@pytest.mark.parametrize("name", ["total", "mean"])
def test_a_large_value_before_the_window_takes_nothing_from_the_sums_in_it(large: float, name: str) -> None:
    values = [0.1, 0.2, 0.7, 12.34]
    log = one_account((0, large), (1, large), *((20 + day, value) for day, value in enumerate(values)), (24, None))
    got = walk(log, np.array([0]), np.array([START + 25 * DAY]), plan_of(log, [("s", name, 7)]))
    expected = math.fsum(values) / (len(values) if name == "mean" else 1)
    assert got[0, 0] == np.float32(expected)


def test_sums_come_out_as_if_added_without_rounding() -> None:
    values = [0.1, 1e12, 0.2, -1e12, 0.3, 1e-9] * 3
    log = one_account(*((day / 2, value) for day, value in enumerate(values)))
    got = walk(log, np.array([0]), np.array([START + 20 * DAY]), plan_of(log, [("s", "total", None)]))
    assert got[0, 0] == np.float32(math.fsum(values))


def test_a_window_without_values_sums_to_nothing_at_all() -> None:
    log = one_account((0, 0.1), (1, 1e18), (20, None))
    leaves = [("s", "total", 7), ("s", "mean", 7), ("s", "total", None)]
    got = walk(log, np.array([0]), np.array([START + 25 * DAY]), plan_of(log, leaves))[:, 0]
    assert got[0] == 0.0
    assert math.isnan(got[1])
    assert got[2] == np.float32(1e18)
