"""Token buckets, checked against what a caller at a steady rate gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import Refusal
from serving.limits import MOST_BUCKETS, Rates


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0.001, 2.0), min_size=1, max_size=60), st.integers(1, 5), st.integers(1, 20))
def test_in_no_stretch_of_time_more_passes_than_burst_and_rate_allow(
    gaps: list[float], burst: int, per_second: int
) -> None:
    clock = Clock()
    rates = Rates(per_second, burst, clock)
    passed = []
    for gap in gaps:
        clock.now += gap
        if not rates.wait_seconds("crm"):
            passed.append(clock.now)
    for i, first in enumerate(passed):
        for j in range(i, len(passed)):
            assert j - i + 1 <= burst + (passed[j] - first) * per_second + 1e-6


def test_who_waits_as_long_as_told_gets_in() -> None:
    clock = Clock()
    rates = Rates(2, 1, clock)
    assert rates.wait_seconds("crm") == 0
    clock.now += rates.wait_seconds("crm")
    assert rates.wait_seconds("crm") == 0
    with pytest.raises(Refusal, match=r"more than 2 requests a second .*; ask again in 1 s"):
        rates.check("crm")


def test_callers_without_number_take_no_memory_without_bound() -> None:
    rates = Rates(1, 1)
    for caller in range(MOST_BUCKETS + 100):
        rates.wait_seconds(str(caller))
    assert len(rates._buckets) == MOST_BUCKETS
