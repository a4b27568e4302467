"""The choice is the best there is, and breaks no limit and no rule, whatever the catalogue."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.actions.assign import is_held_out
from pipelines.actions.choose import NOTHING, Limit, choose, fits, value_of
from pipelines.actions.exact import by_integer_programme
from pipelines.actions.facts import Facts
from pipelines.actions.learn import Learnt
from pipelines.actions.many import by_prices
from pipelines.actions.settings import Action, Actions, CulturalRule
from pipelines.actions.suggest import DO, Known, suggest
from pipelines.actions.uplift import Benefit

TODAY = pd.Timestamp("2025-12-24")


def _world(seed: int, n: int, k: int) -> tuple[np.ndarray, list[Limit]]:
    rng = np.random.default_rng(seed)
    values = rng.normal(5, 20, (n, k))
    values[rng.random((n, k)) < 0.3] = np.nan
    costs, hours = rng.uniform(1, 30, k).round(2), rng.uniform(0, 1, k).round(2)
    together, owner = np.zeros(n, dtype=np.int64), rng.integers(0, 3, n)
    return values, [
        Limit("budget", costs, np.array([4.0 * n]), together),
        Limit("hours", hours, np.full(3, 0.1 * n), owner),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_the_exact_choice_is_that_of_trying_all(seed):
    values, limits = _world(seed, 5, 3)
    every = (np.array(action) for action in product(range(-1, 3), repeat=5))
    may = (one for one in every if fits(one, limits).all() and not np.isnan(_taken(values, one)).any())
    best = max(value_of(values, one) for one in may)
    assert choose(values, limits).value == pytest.approx(best)


def _taken(values: np.ndarray, action: np.ndarray) -> np.ndarray:
    does = np.flatnonzero(action != NOTHING)
    return values[does, action[does]]


@pytest.mark.parametrize("seed", range(3))
def test_the_choice_by_prices_is_as_near_the_best_as_it_says(seed):
    values, limits = _world(seed, 300, 4)
    exact, priced = by_integer_programme(values, values > 0, limits), by_prices(values, values > 0, limits)
    assert priced.value <= exact.value * (1 + 1e-9) <= priced.bound * (1 + 1e-6)
    assert priced.gap < 0.05
    assert fits(exact.action, limits).all()
    assert fits(priced.action, limits).all()


def test_where_nothing_is_worth_doing_nothing_is_done():
    values, limits = _world(0, 20, 3)
    assert (choose(-np.abs(values), limits).action == NOTHING).all()


_channels = st.sampled_from(("phone", "email", "post"))
_actions = st.builds(
    Action,
    cost=st.floats(0, 50).map(lambda cost: round(cost, 2)),
    hours=st.floats(0, 2).map(lambda hours: round(hours, 2)),
    channel=_channels,
    needs_consent=st.booleans(),
    most=st.none() | st.integers(0, 5),
    rest_days=st.integers(0, 400),
)
_catalogues = st.dictionaries(st.sampled_from(("call", "note", "mail", "gift")), _actions, min_size=1)
_rules = st.builds(
    CulturalRule, countries=st.just(("JP",)), channels=st.just(()) | st.tuples(_channels), from_day=st.just("12-20"),
    to_day=st.just("01-06"),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    catalogue=_catalogues,
    budget=st.none() | st.floats(0, 300),
    hours=st.none() | st.floats(0, 5),
    rules=st.lists(_rules, max_size=2),
    seed=st.integers(0, 10_000),
)
def test_budget_consent_and_rules_are_never_broken(catalogue, budget, hours, rules, seed):
    actions = Actions(
        catalogue=catalogue, budget=budget, hours=hours, hours_per_owner=hours, cultural=tuple(rules),
        do_not_contact=("A3",), holdout_share=0.1, seed=seed,
    )  # fmt: skip
    facts, worth, known = _accounts(seed, catalogue)
    found = suggest(facts, worth, known, actions, TODAY)
    done = found.rows[found.rows["answer"] == DO].set_index("account_id")
    assert budget is None or done["cost"].sum() <= budget + 1e-9
    used = done["action"].map({name: one.hours for name, one in catalogue.items()}).astype(float)
    assert hours is None or used.sum() <= hours + 1e-9
    facts_by = facts.accounts.set_index("account_id")
    place = {account: i for i, account in enumerate(facts.ids)}
    held = is_held_out(facts.accounts["cluster"], share=0.1, seed=seed)
    for account, name in done["action"].items():
        action, i = catalogue[name], place[account]
        assert account != "A3"
        assert not facts.forbidden[i]
        assert not held[i]
        assert not action.needs_consent or facts.consents.get(action.channel, np.zeros(99, bool))[i]
        for rule in rules:
            is_about = not rule.channels or action.channel in rule.channels
            assert not (is_about and facts_by.loc[account, "country"] == "JP")
        last = facts.last.get(name)
        assert last is None or pd.isna(last.iloc[i]) or (TODAY - last.iloc[i]).days >= action.rest_days
        assert done.loc[account, "expected_value"] > 0
    counts = done["action"].value_counts()
    assert all(one.most is None or counts.get(name, 0) <= one.most for name, one in catalogue.items())


def _accounts(seed: int, catalogue: dict[str, Action]) -> tuple[Facts, np.ndarray, Known]:
    rng, n = np.random.default_rng(seed), 30
    ids = pd.Series([f"A{i}" for i in range(n)])

    def ago():
        return TODAY - pd.to_timedelta(rng.integers(0, 800, n), unit="D")

    accounts = pd.DataFrame(
        {
            "account_id": ids, "cluster": ids, "owner": rng.choice(["x", "y"], n),
            "country": rng.choice(["JP", "NL"], n),
            "tier": rng.choice(["high", "medium", "low"], n), "churn_prob": rng.random(n), "revenue": 100.0,
            "has_case": rng.random(n) < 0.3, "is_hurt": False, "sale": ago(), "anniversary": ago(), "renewal": ago(),
            "approached": ago(),
        }
    )  # fmt: skip
    consents = {channel: rng.random(n) < 0.5 for channel in ("phone", "email")}
    last = {name: pd.Series(ago()) for name in list(catalogue)[:1]}
    facts = Facts(accounts, consents=consents, forbidden=rng.random(n) < 0.1, last=last)
    learnt = {name: _sure(name) for name in catalogue}
    points = {name: rng.normal(2, 4, n) for name in catalogue}
    benefits = {name: Benefit(one, one - 1, one + 1) for name, one in points.items()}
    return facts, rng.lognormal(7, 1, n), Known(learnt, benefits)


def _sure(name: str) -> Learnt:
    from pipelines.actions.judged import Measured
    from pipelines.actions.learn import Judged

    some, harm = Measured(2.0, 1.0, 3.0, 100), Measured(-2.0, -3.0, -1.0, 50)
    return Learnt(name, "randomised", judged=Judged(some, some, some, some, harm, ()), n_rows=200, n_accounts=100)
