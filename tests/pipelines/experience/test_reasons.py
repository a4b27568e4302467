"""Reasons in words are counted by domain, beside what a model rests on; what hurts is told from what pleases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_reasons import AS_OF, SAID, asymmetry_world, reason_world
from pipelines.experience.asymmetry import asymmetry
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.lexicon import read_lexicon
from pipelines.experience.reasons import DOMAINS, OWN, reasons, stated
from pipelines.experience.topics import topics

SHARES = (0.2, 0.5, 0.2, 0.1)


@pytest.fixture(scope="module")
def data() -> ExperienceData:
    return reason_world(SHARES, 1)


def test_stated_shares_are_those_planted_and_add_up(data) -> None:
    told = [one for one in reasons(data) if one.figure == "stated, leaving"]
    assert sum(one.value for one in told) == pytest.approx(100)
    for one, share in zip(told, SHARES, strict=True):
        assert one.low <= 100 * share <= one.high


def test_service_is_told_from_product(data) -> None:
    (apart,) = (one for one in reasons(data) if one.figure == "service less product, leaving")
    assert apart.verdict == "found"
    assert apart.low <= 30 <= apart.high
    (alike,) = (
        one for one in reasons(reason_world((0.35, 0.35, 0.2, 0.1), 2)) if one.figure.startswith("service less product")
    )
    assert alike.verdict == "cannot tell"


def test_last_words_are_of_accounts_that_left_soon_after(data) -> None:
    words = read_lexicon(OWN, DOMAINS)
    stayed = replace(data, departures=data.departures.iloc[:0])
    assert stated(stayed, words).empty
    later = data.departures.assign(left_at=data.departures["left_at"] + pd.Timedelta(days=400))
    assert stated(replace(data, departures=later), words).empty
    praise = replace(stayed, responses=data.responses.assign(score=1.0))
    assert set(stated(praise, words)["why"]) == {"staying"}


def test_what_a_model_rests_on_stands_beside_and_is_no_cause(data) -> None:
    contributions = pd.DataFrame(
        {"family": ["behaviour", "experience", "engagement"], "mean_contribution": [1.0, 2.0, 1.0]}
    )
    told = {one.group: one for one in reasons(data, contributions) if one.figure == "attributed"}
    assert {name: one.value for name, one in told.items()} == {
        "product": 25.0, "service": 75.0, "price": 0.0, "own affairs": 0.0,
    }  # fmt: skip
    assert {one.basis for one in told.values()} == {"predicted"}
    assert reasons(data)[-1].verdict == "refused"


def test_a_few_reasons_are_refused(data) -> None:
    few = reasons(replace(data, responses=data.responses.head(5)))
    assert few[0].verdict == "refused"
    assert reasons(ExperienceData.empty(AS_OF))[0].verdict == "refused"


@pytest.fixture(scope="module")
def hygiene():
    return {(one.figure, one.group): one for one in asymmetry(asymmetry_world(1.2, 0.0, 1))}


def test_a_hygiene_factor_has_a_penalty_and_no_reward(hygiene) -> None:
    assert hygiene["kind", "support"].sentence.startswith("hygiene")
    assert hygiene["penalty", "support"].low <= np.exp(1.2) <= hygiene["penalty", "support"].high


def test_a_touchpoint_that_does_nothing_is_neither(hygiene) -> None:
    assert hygiene["kind", "billing"].verdict == "cannot tell"


def test_a_delighter_earns() -> None:
    found = {(one.figure, one.group): one for one in asymmetry(asymmetry_world(0.0, 1.5, 1))}
    assert found["kind", "support"].sentence.startswith("delighter")


def test_penalties_are_refused_where_few_left() -> None:
    world = asymmetry_world(1.0, 0.0, 1, n_accounts=40)
    assert asymmetry(replace(world, departures=world.departures.head(3)))[0].verdict == "refused"
    assert asymmetry(ExperienceData.empty(AS_OF))[0].verdict == "refused"


def test_topics_are_quoted_in_the_accounts_own_words(data) -> None:
    found = [one for one in topics(data) if one.figure == "share"]
    texts = [text for said in SAID.values() for text in said]
    assert len(found) >= 4
    for one in found:
        (quote,) = (text for text in texts if text in one.sentence)
        assert sum(word in quote for word in one.group.split(", ")) >= 2


def test_topics_come_out_the_same_again(data) -> None:
    assert topics(data) == topics(data)


def test_a_few_comments_have_no_topics(data) -> None:
    assert topics(replace(data, responses=data.responses.head(50)))[0].verdict == "refused"
    (refused,) = topics(replace(data, responses=data.responses.assign(comment="so so")))
    assert refused.verdict == "refused"
