"""The true effect of an experience, against lives that are really lived again with it taken away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.company.arrays import DAY, Array
from experiments.company.counterfactual import churn_with_and_without, individual_effects
from experiments.company.life import Life
from experiments.company.notice import leaving_probs
from experiments.company.simulation import created
from experiments.company.tables import company_tables
from experiments.company.true_effects import effects_of
from experiments.company.world import World

AS_OF = pd.Timestamp("2024-07-01")
DRAWS = 1000
FIRST, END = 15, 18  # the months of the quarter before, in a company observed from 2023 on


@pytest.fixture(scope="module")
def world() -> World:
    return created(1200, 3, 5, "default", 1.0)


@pytest.fixture(scope="module")
def tables(world: World) -> dict[str, pd.DataFrame]:
    return company_tables(world)


@pytest.fixture(scope="module")
def effects(world: World, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return individual_effects(world, tables)


def lived_again(world: World, **changed: Array) -> Array:
    """The hazards of a whole life anew, with shocks that differ."""
    shocks = replace(world.shocks, **changed)
    life = Life(world.parameters, world.firms, world.contracts, shocks, world.calendar, world.streams)
    return life.lived().hazard


def drawn_outcome(world: World, hazards: Array, n_draws: int) -> tuple[float, float]:
    """Decisions drawn many times: the share there at the quarter's end, and gone within 90 days from it."""
    rng = np.random.default_rng(0)
    end = world.calendar.starts[END]
    there = gone = 0.0
    for _ in range(n_draws):
        leaves = np.full(hazards.shape[1], np.iinfo(np.int64).max)
        for i, hazard in enumerate(hazards):
            month = np.full(len(hazard), FIRST + i)
            notice = rng.integers(*world.parameters.notice_days, len(hazard), endpoint=True)
            at = (world.calendar.moments(month, rng) // DAY + notice) * DAY
            decides = (rng.random(len(hazard)) < hazard) & (leaves == np.iinfo(np.int64).max)
            leaves = np.where(decides, at, leaves)
        there += float((leaves >= end).sum())
        gone += float(((leaves >= end) & (leaves < end + 90 * DAY)).sum())
    return there / n_draws, gone / n_draws


@pytest.mark.parametrize("driver", ["billing_error", "outage"])
def test_effects_are_those_of_a_life_lived_again_without_it(world: World, effects: pd.DataFrame, driver: str) -> None:
    own = effects[(effects["driver"] == driver) & (effects["as_of"] == AS_OF)]
    who = own["account_id"].str.removeprefix("A-").astype(int).to_numpy() - 1
    blanked = getattr(world.shocks, driver).copy()
    blanked[FIRST:END] = 0
    for hazard, suffix in ((world.history.hazard, ""), (lived_again(world, **{driver: blanked}), "_if_not")):
        there, gone = drawn_outcome(world, hazard[FIRST : END + 3][:, who], DRAWS)
        assert own[f"there{suffix}"].sum() == pytest.approx(there, rel=0.01)
        assert abs(own[f"churn{suffix}"].sum() - gone) < 4 * np.sqrt(gone / DRAWS)


def test_as_many_leave_as_the_chances_say(world: World, effects: pd.DataFrame) -> None:
    who = effects["account_id"].str.removeprefix("A-").astype(int).to_numpy() - 1
    end = effects["as_of"].to_numpy().astype("datetime64[s]").astype(np.int64)
    left = world.history.leaves[who] < end + 90 * DAY
    chance = effects["churn"] / effects["there"]
    for driver, own in effects.groupby("driver"):
        error = np.sqrt((chance * (1 - chance))[own.index].sum())
        assert abs(left[own.index].sum() - chance[own.index].sum()) < 3 * error, driver


def test_bad_experiences_raise_churn_and_calls_lower_it(effects: pd.DataFrame) -> None:
    averages = {driver: churn_with_and_without(own) for driver, own in effects.groupby("driver")}
    points = pd.Series({driver: 100 * (with_it - without) for driver, (with_it, without) in averages.items()})
    assert (points.drop("success_call") > 2).all()
    assert -3 < points["success_call"] < 0


def test_who_had_it_is_what_the_tables_show(tables: dict[str, pd.DataFrame], effects: pd.DataFrame) -> None:
    activities = tables["activities"]
    is_recent = activities["occurred_at"].between(AS_OF - pd.Timedelta(days=90), AS_OF, inclusive="left")
    struck = activities.loc[is_recent & (activities["event"] == "outage"), "account_id"]
    own = effects[(effects["driver"] == "outage") & (effects["as_of"] == AS_OF)]["account_id"]
    assert set(own) <= set(struck)
    assert len(own) > 0.8 * struck.nunique()


def test_in_the_null_world_no_experience_does_anything() -> None:
    null = created(300, 2, 5, "null", 1.0)
    effects = individual_effects(null, company_tables(null))
    np.testing.assert_allclose(effects["churn"], effects["churn_if_not"], atol=1e-12)


def test_engaged_accounts_are_spared_in_the_robust_world_only() -> None:
    ratios = {name: effects_of(created(3000, 3, 5, name, 1.0)) for name in ("default", "robust")}
    assert ratios["robust"]["outage"]["robustness"] < 0.9 < ratios["default"]["outage"]["robustness"] < 1.2


def test_the_hidden_cause_makes_neglected_accounts_slow_and_leaving() -> None:
    with_it, without = created(3000, 3, 5, "hidden", 1.0), created(3000, 3, 5, "hidden", 0.0)
    for world, is_related in ((with_it, True), (without, False)):
        neglected = world.firms.neglect > 0.5
        hours = np.log(world.history.response_hours)
        apart = hours[:, neglected].mean() - hours[:, ~neglected].mean()
        assert (apart > 0.2) == is_related
        hazard = world.history.hazard
        assert (hazard[:, neglected].mean() > 1.3 * hazard[:, ~neglected].mean()) == is_related


def test_service_ends_between_the_shortest_and_the_longest_notice(world: World) -> None:
    calendar, first = world.calendar, int(world.calendar.starts[FIRST])
    assert leaving_probs(calendar, (12, 55), FIRST, 0, first + 12 * DAY) == 0
    assert leaving_probs(calendar, (12, 55), FIRST, first + (31 + 55) * DAY, calendar.end) == 0
    parts = [
        leaving_probs(calendar, (12, 55), FIRST, first + a * DAY, first + (a + 10) * DAY) for a in range(0, 90, 10)
    ]
    assert sum(parts) == pytest.approx(1.0)
