"""Every aggregate against a row-by-row oracle, on random small logs."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from features.aggregates import AGGREGATES, DAY, EVER, Plan, walk
from features.events import LOG_COLUMNS, EventLog, to_log

START = 1_700_000_000_000_000
KINDS = [None, "x", "y"]
WINDOWS = [7, 30, None]


def log_of(rows: list[tuple], accounts: list[str]) -> EventLog:
    """An event log of (account, at in hours, delay of knowledge in hours, stream, kind, value, contact)."""
    events = [
        (a, START + at * DAY // 24, START + (at + late) * DAY // 24, s, k, v, c, None)
        for a, at, late, s, k, v, c in rows
    ]
    events.sort(key=lambda e: (*tuple("" if x is None else x for x in e[:5]), -math.inf if e[5] is None else e[5]))
    columns = list(zip(*events, strict=True)) or [[]] * 8
    types = [pa.string(), pa.int64(), pa.int64(), pa.string(), pa.string(), pa.float64(), pa.string(), pa.string()]
    table = pa.table({n: pa.array(c, t) for n, c, t in zip(LOG_COLUMNS, columns, types, strict=True)})
    return to_log(
        table.set_column(1, "at", table["at"].cast(pa.timestamp("us"))).set_column(
            2, "known_at", table["known_at"].cast(pa.timestamp("us"))
        ),
        np.array(accounts, dtype=object),
    )


def oracle(name: str, events: list[tuple], as_of: int) -> float:
    """The aggregate by its definition; events are (at, kind, value, contact), oldest first."""
    values = [value for _, _, value, _ in events if value is not None]
    timed = [(at, value) for at, _, value, _ in events if value is not None]
    if name == "count":
        return float(len(events))
    if name == "total":
        return math.fsum(values)
    if name == "active_days":
        return float(len({(as_of - 1 - at) // DAY for at, *_ in events}))
    if name == "distinct_kinds":
        return float(len({kind for _, (_, kind), _, _ in events if kind is not None}))
    if name == "distinct_contacts":
        return float(len({contact for *_, contact in events if contact is not None}))
    if name == "distinct_touchpoints":
        return 0.0
    if name in ("days_since_last", "days_since_first"):
        pick = max if name == "days_since_last" else min
        return (as_of - pick(at for at, *_ in events)) / DAY if events else math.nan
    if name == "days_to_renewal":
        if not events or not (events[-1][2] or 0) > 0:
            return math.nan
        period = events[-1][2] * 30.436875 * DAY
        periods = math.ceil((as_of - events[-1][0]) / period)
        return (events[-1][0] + periods * period - as_of) / DAY
    if not values:
        return math.nan
    if name == "spread":
        return statistics.stdev(values) if len(values) > 1 else math.nan
    if name == "slope":
        x = [(at - as_of) / (30 * DAY) for at, _ in timed]
        if len(set(x)) < 2:
            return math.nan
        return float(np.polynomial.polynomial.polyfit(x, values, 1)[1])
    return {
        "mean": lambda: statistics.fmean(values),
        "smallest": lambda: min(values),
        "largest": lambda: max(values),
        "last": lambda: values[-1],
        "median": lambda: statistics.median(values),
        "percentile_90": lambda: float(pd.Series(values).quantile(0.9)),
    }[name]()


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.integers(0, 24 * 60),
        st.sampled_from([0, 0, 5, 24 * 20]),
        st.sampled_from(["s", "t"]),
        st.sampled_from(KINDS),
        st.one_of(st.none(), st.integers(0, 9).map(float)),
        st.sampled_from([None, "p", "q"]),
    ),
    max_size=14,
    unique_by=lambda row: (row[0], row[1]),
)


def whole_plan(log: EventLog) -> tuple[Plan, list[tuple[str, int | None]]]:
    """Every aggregate in every window over stream s, then over both streams."""
    types = log.types or (("", None),)
    columns = [(name, days) for name in AGGREGATES for days in WINDOWS]
    plan = Plan(
        selections=np.array([[s == "s" for s, _ in types], [True for _ in types]], dtype=bool),
        selection=np.repeat(np.array([0, 1]), len(columns)),
        aggregate=np.array([AGGREGATES.index(name) for name, _ in columns] * 2),
        window=np.array([EVER if days is None else days * DAY for _, days in columns] * 2),
    )
    return plan, columns


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, cutoffs=st.lists(st.integers(0, 24 * 70), min_size=1, max_size=3, unique=True))
def test_every_aggregate_agrees_with_its_definition(rows: list[tuple], cutoffs: list[int]) -> None:
    log = log_of(rows, ["a", "b", "c"])
    plan, columns = whole_plan(log)
    instants = np.array([START + hours * DAY // 24 for hours in sorted(cutoffs)])
    spine = np.repeat(np.arange(3), len(instants))
    got = walk(log, spine, np.tile(instants, 3), plan)
    for row, (account, as_of) in enumerate(zip(spine, np.tile(instants, 3), strict=True)):
        for chosen, streams in enumerate((("s",), ("s", "t"))):
            for c, (name, days) in enumerate(columns):
                seen = sorted(
                    (START + at * DAY // 24, (s, kind), value, contact)
                    for a, at, late, s, kind, value, contact in rows
                    if a == "abc"[account]
                    and s in streams
                    and START + (at + late) * DAY // 24 < as_of
                    and (days is None or START + at * DAY // 24 >= as_of - days * DAY)
                )
                expected = oracle(name, seen, int(as_of))
                value = got[row, chosen * len(columns) + c]
                assert (math.isnan(expected) and math.isnan(value)) or math.isclose(
                    value, expected, rel_tol=1e-9, abs_tol=1e-6
                ), (name, days, seen, value, expected)


def test_an_event_exactly_at_the_cutoff_is_not_known_and_one_at_the_window_start_is() -> None:
    log = log_of([("a", 0, 0, "s", None, 1.0, None), ("a", 7 * 24, 0, "s", None, 2.0, None)], ["a"])
    plan = Plan(np.array([[True]]), np.array([0]), np.array([AGGREGATES.index("total")]), np.array([7 * DAY]))
    assert walk(log, np.array([0]), np.array([START + 7 * DAY]), plan).tolist() == [[1.0]]


def test_the_result_does_not_depend_on_the_number_of_threads() -> None:
    rng = np.random.default_rng(0)
    accounts = [f"a{i:03}" for i in range(40)]
    rows = [
        (accounts[rng.integers(40)], int(rng.integers(1500)), 0, "s", "x", float(rng.normal()), None)
        for _ in range(900)
    ]
    log = log_of(rows, accounts)
    plan, _ = whole_plan(log)
    spine, instants = np.repeat(np.arange(40), 2), np.tile([START + 30 * DAY, START + 60 * DAY], 40)
    one, four = (walk(log, spine, instants, plan, threads=n) for n in (1, 4))
    np.testing.assert_array_equal(one, four)


def test_accounts_without_events_have_rows_too() -> None:
    plan = Plan(np.array([[True]]), np.array([0, 0]), np.array([0, 2]), np.array([EVER, EVER]))
    got = walk(log_of([], ["a"]), np.array([0]), np.array([START]), plan)
    assert got[0, 0] == 0.0
    assert math.isnan(got[0, 1])
