"""The catalogue and its rules: who may be given what, when, and what is said of accounts today."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError
from pipelines.actions.facts import account_facts, with_consent
from pipelines.actions.playbooks import alerts
from pipelines.actions.settings import Action, Actions, Eligible, Playbook, Window
from pipelines.actions.worth import worth_if_stays
from pipelines.config import settings_from
from pipelines.experience.inputs import ExperienceData
from pipelines.outlook import Terms

TODAY = pd.Timestamp("2025-06-10")
DAY = pd.Timestamp


@pytest.fixture
def data() -> ExperienceData:
    empty = ExperienceData.empty(TODAY)
    accounts = empty.accounts.reindex(range(3)).assign(
        account_id=["a", "b", "c"], owner=["ann", "bob", None], country=["NL", "JP", "NL"],
        created_at=pd.to_datetime(["2023-06-12", "2025-05-20", "2024-01-01"]), mrr=100.0,
    )  # fmt: skip
    subscriptions = pd.DataFrame(
        {
            "account_id": ["a", "b", "c"], "start_date": pd.to_datetime(["2023-06-12", "2025-06-01", "2024-01-01"]),
            "end_date": pd.NaT, "mrr": 100.0, "billing_period_months": [12.0, 12.0, 1.0],
        }
    )  # fmt: skip
    cases = pd.DataFrame(
        {
            "case_id": ["1", "2"], "account_id": ["a", "c"], "opened_at": [DAY("2025-06-05"), DAY("2025-01-05")],
            "first_response_at": pd.NaT, "closed_at": [pd.NaT, DAY("2025-01-09")], "priority": ["urgent", "low"],
            "category": ["billing", "billing"], "is_escalated": [False, False],
        }
    )  # fmt: skip
    done = pd.DataFrame(
        {
            "intervention_id": ["i", "j"], "account_id": ["a", "b"], "kind": ["call", "call"],
            "assigned_at": [DAY("2025-05-01"), DAY("2025-06-08")], "is_holdout": [False, True],
        }
    )  # fmt: skip
    contacts = pd.DataFrame(
        {
            "contact_id": ["x", "y"], "account_id": ["a", "b"], "role": ["Executive Sponsor", "Evaluator"],
            "is_primary": [True, True], "active_to": [pd.NaT, DAY("2025-06-01")],
        }
    )  # fmt: skip
    touchpoints = pd.DataFrame({"touchpoint": ["support"], "owner": ["Head of Support"]})
    return replace(
        empty, accounts=accounts, subscriptions=subscriptions, cases=cases, interventions=done, contacts=contacts,
        touchpoints=touchpoints,
    )  # fmt: skip


@pytest.fixture
def facts(data):
    scored = pd.DataFrame(
        {
            "account_id": ["a", "b", "c"],
            "churn_prob": [0.4, 0.2, 0.1],
            "tier": ["high", "medium", "low"],
            "revenue": 100.0,
        }
    )
    return account_facts(data, scored, {"outage": np.array([True, False, False])})


def _may(facts, **said) -> list[bool]:
    from pipelines.actions.eligible import eligible

    action = Action(**{"cost": 1, "needs_consent": False, "rest_days": 0} | said)
    return eligible("call", action, facts, Actions(catalogue={"call": action}, rest_days=0), TODAY).tolist()


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ({}, [True, True, True]),
        ({"eligible": Eligible(tiers=("high", "low"))}, [True, False, True]),
        ({"eligible": Eligible(roles=("Executive Sponsor",))}, [True, False, False]),
        ({"eligible": Eligible(roles=("Evaluator",))}, [False, False, False]),
        ({"eligible": Eligible(drivers=("outage",))}, [True, False, False]),
        ({"eligible": Eligible(open_case="none")}, [False, True, True]),
        ({"eligible": Eligible(open_case="some")}, [True, False, False]),
        ({"eligible": Eligible(segments={"needs": ("price",)})}, [False, False, False]),
        ({"window": Window(around="sale", from_days=3, to_days=30)}, [False, True, False]),
        ({"window": Window(around="anniversary", from_days=-7, to_days=7)}, [True, False, False]),
        ({"window": Window(around="renewal", from_days=-30, to_days=0)}, [True, False, True]),
        ({"needs_consent": True, "channel": "phone"}, [False, False, False]),
        ({"rest_days": 60}, [False, True, True]),
    ],
)
def test_each_rule_lets_through_whom_it_should(facts, said, may):
    assert _may(facts, **said) == may


def test_consent_is_a_plain_yes_and_nothing_else(open_tables, facts):
    accounts = pd.DataFrame(
        {"account_id": ["a", "b", "c"], "may_call": ["yes", "perhaps", None], "hands_off": [0, 0, 1]}
    )
    warehouse = open_tables({"accounts": accounts})
    said = Actions(consent={"phone": "may_call"}, do_not_contact=("b",), do_not_contact_column="hands_off")
    known = with_consent(facts, warehouse, said)
    assert known.consents["phone"].tolist() == [True, False, False]
    assert known.forbidden is not None
    assert known.forbidden.tolist() == [False, True, True]
    with pytest.raises(ConfigError, match="columns of accounts"):
        with_consent(facts, warehouse, Actions(consent={"phone": "no_such"}))


def test_worth_is_the_sum_of_margins_by_hand():
    found = worth_if_stays(np.array([100.0]), np.array([0.2]), 90, Terms(margin=0.5, discount_rate=0.0, value_days=180))
    month = 12 * 30 / 365
    by_hand = 0.5 * 100 * month * (0.5 + 1 + 0.8 ** (15 / 90) + 0.8 ** (45 / 90) + 0.8 ** (75 / 90))
    assert found[0] == pytest.approx(by_hand)


def test_alerts_go_to_owners_once_and_have_a_date(data, facts):
    books = {
        "mend": Playbook(when="severe_case", do="Call today", due_days=1, touchpoint="support"),
        "rescue": Playbook(when="tier_rises", do="Find out why", due_days=3),
        "renew": Playbook(when="renewal_nears", do="Prepare the renewal", days=30),
        "meet": Playbook(when="champion_leaves", do="Meet the new one"),
    }
    found = alerts(books, data, facts, {"a": "low", "b": "medium", "c": "high"})
    told = {(one.playbook, one.account_id): one for one in found}
    assert set(told) == {("mend", "a"), ("rescue", "a"), ("renew", "a"), ("renew", "c"), ("meet", "b")}
    assert (told["mend", "a"].owner, told["mend", "a"].due_on) == ("Head of Support", "2025-06-06")
    assert (told["rescue", "a"].owner, told["renew", "c"].owner) == ("ann", "nobody")
    assert told["renew", "a"].due_on == "2025-06-12"
    again = alerts(books, data, facts, {"a": "low"})
    assert {one.key for one in again} == {one.key for one in found}


def test_settings_are_read_from_toml_and_mistakes_named():
    said = {"preset": "five ways to loyalty", "budget": 100, "catalogue": {"personal_call": {"cost": 99}}}
    actions = settings_from({"actions": said}, Path()).actions
    assert list(actions.all_actions) == [
        "tell_what_we_did", "handwritten_note", "personal_call", "special_occasion", "useful_information",
    ]  # fmt: skip
    assert actions.all_actions["personal_call"].cost == 99
    for wrong, match in (
        ({"catalogue": {"call": {"price": 3}}}, "actions.catalogue.call"),
        ({"catalogue": {"call": {"cost": 3, "window": {"around": "sale", "from_days": 9, "to_days": 3}}}}, "swap them"),
        ({"cultural": [{"countries": ["JP"], "actions": ["gift"]}]}, "cultural names gift"),
        ({"cultural": [{"countries": ["JP"], "from_day": "12-20"}]}, "name both or neither"),
        ({"loop": {"fixes": {"billing": "soon"}}}, "no date"),
    ):
        with pytest.raises(ConfigError, match=match):
            settings_from({"actions": wrong}, Path())
