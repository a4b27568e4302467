"""The plan against sums done by hand."""

import pytest

from experiments.scale import UnitCosts, plan


def _needs(accounts: float, events: float, costs: UnitCosts | None = None) -> dict[str, float]:
    return {need.what: need.value for need in plan(accounts, events, costs)}


def test_the_plan_is_what_a_person_would_work_out() -> None:
    needs = _needs(1e8, 1e10, UnitCosts(4.0, 4.3, 1.1, 26.0, 12_000.0))
    assert needs["events, mean"] == pytest.approx(317.1, abs=0.1)
    assert needs["accounts refreshed, each within 20 h"] == pytest.approx(1388.9, abs=0.1)
    assert needs["feature worker cores for that refresh"] == pytest.approx(5.56, abs=0.01)
    assert needs["panel from nothing"] == pytest.approx(11.94, abs=0.01)
    assert needs["online store, a year of history"] == pytest.approx(1.46, abs=0.001)
    assert needs["materialize in one process"] == pytest.approx(111.1, abs=0.1)


def test_workers_are_at_least_as_many_as_the_work_and_not_twice_as_many() -> None:
    needs = _needs(1e8, 1e10)
    busy = needs["events, peak"] * 4e-3
    assert busy < needs["feature worker cores for events at peak, p99 below 1 s"] < 2 * busy


def test_twice_as_slow_takes_twice_the_cores_of_a_refresh() -> None:
    slow, usual = (_needs(1e6, 1e8, UnitCosts(account_ms=ms)) for ms in (8.0, 4.0))
    what = "feature worker cores for that refresh"
    assert slow[what] == pytest.approx(2 * usual[what])
