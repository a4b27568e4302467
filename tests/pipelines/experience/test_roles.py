"""Whose experience decides is estimated, where it can be, and an exit is felt where it is planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_roles import AS_OF, ROLES, role_world
from pipelines.experience.champions import EXIT, UNFILLED, champions
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.roles import PRIOR, buyer_weight, by_role, roles


@pytest.fixture(scope="module")
def buyer_decides() -> ExperienceData:
    return role_world(0.9, 1)


def test_the_weight_goes_to_the_buyer_who_decides(buyer_decides) -> None:
    found = buyer_weight(buyer_decides)
    assert found.verdict == "found"
    assert found.low <= 0.9 <= found.high
    assert "your data's" in found.sentence


def test_the_weight_goes_to_the_users_who_decide() -> None:
    found = buyer_weight(role_world(0.1, 1))
    assert found.verdict == "found"
    assert found.high < PRIOR


def test_with_one_respondent_the_prior_stays_and_is_said_to_be_one(buyer_decides) -> None:
    users = buyer_decides.responses[buyer_decides.responses["role"] == ROLES[0]]
    found = buyer_weight(replace(buyer_decides, responses=users))
    assert (found.value, found.basis, found.verdict) == (PRIOR, "assumed", "cannot tell")
    assert "the prior, nothing of your data" in found.sentence


def test_weights_mean_nothing_where_scores_foretell_nothing() -> None:
    found = buyer_weight(role_world(0.9, 1, matters=0.0))
    assert (found.value, found.basis) == (PRIOR, "assumed")


def test_scores_by_role_are_what_a_hand_count_has(buyer_decides) -> None:
    heard = by_role(buyer_decides, AS_OF).set_index("account_id")
    scores = buyer_decides.responses
    z = (scores["score"] - scores["score"].mean()) / scores["score"].std()
    account = heard.index[0]
    own = (scores["account_id"] == account) & (scores["answered_at"] >= AS_OF - pd.Timedelta(days=365))
    assert heard.loc[account, "user"] == pytest.approx(z[own & (scores["role"] == ROLES[0])].mean())


def test_a_content_buyer_over_unhappy_users_is_counted() -> None:
    world = role_world(0.5, 2, matters=0.0, n_accounts=200)
    lower = np.where(world.responses["role"] == ROLES[0], 0.2, 0.0)
    found = {one.figure: one for one in roles(replace(world, responses=world.responses.assign(
        score=world.responses["score"] - lower)))}  # fmt: skip
    assert found["buyer less user"].verdict == "found"
    assert found["buyer content, users not"].value > 50


def test_coverage_counts_those_who_are_there() -> None:
    contacts = pd.DataFrame({"contact_id": ["b1", "b2", "b3"], "account_id": ["a1", "a2", "a3"], "role": ROLES[1]})
    contacts = contacts.assign(active_to=[pd.NaT, pd.NaT, pd.Timestamp("2025-01-01")])
    answers = pd.DataFrame({"contact_id": ["b1"], "account_id": ["a1"], "answered_at": [pd.Timestamp("2025-10-01")]})
    answers = answers.assign(role=ROLES[1], metric="nps", score=0.9, survey_type="periodic", touchpoint="x")
    accounts = pd.DataFrame({"account_id": ["a1", "a2", "a3"], "mrr": [300.0, 100.0, 50.0]})
    data = replace(ExperienceData.empty(AS_OF), contacts=contacts, responses=answers, accounts=accounts)
    found = {one.figure: one for one in roles(data)}
    assert found["buyers heard"].value == 50
    assert "75 % of their revenue" in found["buyers heard"].sentence
    assert found["users heard"].verdict == "refused"
    assert found["buyer less user"].verdict == "refused"


def test_an_exit_is_felt_where_it_is_planted() -> None:
    found = champions(role_world(0.5, 3, matters=0.0, exit_odds=1.5))[0]
    assert (found.figure, found.verdict) == (EXIT, "found")
    assert found.low <= np.exp(1.5) <= found.high


def test_no_exit_is_felt_where_none_is_planted(buyer_decides) -> None:
    found = champions(buyer_decides)[0]
    assert found.verdict != "found"
    assert found.low <= 1 <= found.high


def test_who_follows_is_told_apart_only_where_someone_does(buyer_decides) -> None:
    (unfilled,) = (one for one in champions(buyer_decides) if one.figure == UNFILLED)
    assert unfilled.verdict == "refused"


def test_accounts_that_hang_by_one_thread_are_counted(buyer_decides) -> None:
    thin = champions(buyer_decides)[-1]
    assert thin.value == 100


def test_champions_are_refused_without_primary_contacts() -> None:
    (refused,) = champions(ExperienceData.empty(AS_OF))
    assert refused.sentence == "no primary contact is known; map contacts with is_primary"
