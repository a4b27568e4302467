"""What is adjusted for follows from the declared order, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.catalog import Feature, catalogue
from features.errors import ConfigError
from features.templates import kind_features
from pipelines.config import DriverSettings
from pipelines.drivers.causal_order import CausalOrder
from pipelines.drivers.driver import Driver, declared_drivers, known_drivers, levels

KINDS = {"outreach": ("outage", "billing_error"), "intervention": ("success_call",), "activity": ("cancel_viewed",)}
FEATURES = (*catalogue(), *kind_features(KINDS, ()))
DRIVERS = {driver.name: driver for driver in known_drivers(FEATURES)}


def order_of(**changed: Driver) -> CausalOrder:
    return CausalOrder(FEATURES, tuple((DRIVERS | changed).values()))


def feature(name: str) -> Feature:
    return next(one for one in FEATURES if one.name == name)


def test_drivers_come_of_features_and_none_of_a_consequence() -> None:
    assert {"first_response", "escalation", "champion_exit", "outage", "success_call"} <= set(DRIVERS)
    assert not any(driver.feature.tier == "intent" for driver in DRIVERS.values())


def test_nothing_that_happens_within_the_window_is_adjusted_for_where_the_driver_comes_first() -> None:
    assert order_of().within_window(DRIVERS["outage"]) == ()


def test_a_later_step_is_adjusted_for_the_earlier_ones_only() -> None:
    columns = set(order_of().within_window(DRIVERS["first_response"]))
    assert {"outreach_outage_90d", "cases_90d", "primary_left_90d"} <= columns
    assert not {"escalations_90d", "resolution_hours_median_90d", "invitations_90d"} & columns
    assert "first_response_hours_median_90d" in order_of().within_window(DRIVERS["escalation"])


def test_nothing_felt_done_or_meant_later_is_adjusted_for() -> None:
    tiers = {one.name: one.tier for one in FEATURES}
    for driver in DRIVERS.values():
        assert {tiers[name] for name in order_of().within_window(driver)} <= {"operations"}


def test_shares_that_fall_when_the_account_is_used_more_are_not_adjusted_for() -> None:
    assert "outreach_share_90d" not in order_of().within_window(DRIVERS["escalation"])


def test_columns_that_reach_back_before_the_window_are_not_of_it() -> None:
    columns = order_of().within_window(DRIVERS["escalation"])
    assert not [name for name in columns if name.endswith(("_180d", "_365d", "_last", "_recency_days"))]


def test_the_direct_effect_is_adjusted_for_what_is_felt() -> None:
    direct = set(order_of().within_window(DRIVERS["outage"], direct=True))
    assert {"csat_last", "nps_last"} <= direct


def test_a_declared_edge_orders_two_drivers_of_one_step() -> None:
    order = order_of(billing_error=replace(DRIVERS["billing_error"], after=("outage",)))
    assert order.within_window(order.drivers[list(DRIVERS).index("billing_error")]) == ("outreach_outage_90d",)
    assert "outage" not in {one.name for one in order.unordered(order.drivers[list(DRIVERS).index("billing_error")])}
    assert "outage" in {one.name for one in order_of().unordered(DRIVERS["billing_error"])}


def test_an_edge_against_the_steps_takes_the_later_one_out() -> None:
    late = replace(DRIVERS["first_response"], after=("escalation",))
    order = order_of(first_response=late)
    assert "first_response_hours_median_90d" not in order.within_window(DRIVERS["escalation"])
    assert "escalations_90d" in order.within_window(late)


def test_a_circle_is_refused() -> None:
    with pytest.raises(ConfigError, match="drivers in a circle"):
        order_of(
            outage=replace(DRIVERS["outage"], after=("billing_error",)),
            billing_error=replace(DRIVERS["billing_error"], after=("outage",)),
        )


def test_settings_change_add_and_leave_out_drivers() -> None:
    said = {
        "first_response": DriverSettings(bad=48, good=4),
        "unhappy": DriverSettings(feature="csat_worst_180d", bad=2, good=4),
        "reopened": DriverSettings(is_left_out=True),
    }
    drivers = {driver.name: driver for driver in declared_drivers(FEATURES, said)}
    assert (drivers["first_response"].bad, drivers["first_response"].good) == (48, 4)
    assert drivers["unhappy"].feature.tier == "perception"
    assert "reopened" not in drivers


@pytest.mark.parametrize(
    ("name", "said", "message"),
    [
        ("leaving", DriverSettings(feature="cancel_viewed_90d"), "a consequence of the decision to leave"),
        ("size", DriverSettings(feature="employees"), "what an account is"),
        ("ghost", DriverSettings(feature="nothing"), "feature = 'nothing'; expected a feature of your tables"),
        ("first_response", DriverSettings(bad=24), "bad = 24.0 and good = None; expected both"),
        ("first_response", DriverSettings(after=("ghost",)), "after = 'ghost'"),
    ],
)
def test_settings_that_make_no_sense_are_named(name: str, said: DriverSettings, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        declared_drivers(FEATURES, {name: said})


def test_without_thresholds_the_worst_third_stands_against_the_best() -> None:
    import numpy as np

    resolution = levels(DRIVERS["resolution"], np.arange(9.0))
    assert np.flatnonzero(resolution.is_bad).tolist() == [6, 7, 8]
    assert np.flatnonzero(resolution.is_good).tolist() == [0, 1, 2]
    unhappy = Driver("unhappy", feature("csat_worst_180d"))
    assert np.flatnonzero(levels(unhappy, np.arange(9.0)).is_bad).tolist() == [0, 1, 2]
