"""What accounts are used to is found where it matters, and a bar that rises is told from one that stands still."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_expectation import AS_OF, Served, scale_of, served_world
from experiments.benchmarks.experience_gap import history_world
from pipelines.experience.answered_cases import answered_cases
from pipelines.experience.expectation import expectation, expected
from pipelines.experience.gap_risk import combination_rule, experience_and_leaving
from pipelines.experience.history import histories
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.moving_bar import moving_bar


def told(found):
    return {(one.figure, one.group): one for one in found}


def test_expectation_moves_as_a_loop_moves_it() -> None:
    rng = np.random.default_rng(0)
    cases = pd.DataFrame({"account_id": np.repeat(["a", "b"], 6), "prompt": rng.normal(size=12)})
    by_hand = []
    for _, own in cases.groupby("account_id"):
        used_to = None
        for prompt in own["prompt"]:
            by_hand.append(np.nan if used_to is None else used_to)
            used_to = prompt if used_to is None else used_to + 0.4 * (prompt - used_to)
    assert expected(cases, 0.4).tolist() == pytest.approx(by_hand, nan_ok=True)


def test_how_fast_each_segment_gets_used_to_it_is_found() -> None:
    found = told(expectation(served_world(Served(alphas=(0.2, 0.6)), 1)))
    slow, fast = found["alpha", "one"], found["alpha", "two"]
    assert slow.low <= 0.2 <= slow.high
    assert fast.low <= 0.6 <= fast.high
    assert slow.high < fast.low


def test_the_gap_is_what_was_planted() -> None:
    data = served_world(Served(), 2)
    gap = told(expectation(data))["gap", "all"]
    assert gap.verdict == "found"
    assert gap.low <= 0.5 / scale_of(data) <= gap.high


def test_nothing_is_made_of_an_expectation_that_does_not_matter() -> None:
    found = told(expectation(served_world(Served(gap=0.0), 2)))
    assert found["gap", "all"].verdict == "cannot tell"
    assert np.isnan(found["alpha", "all"].value)


def test_expectation_is_refused_where_few_had_a_case_before() -> None:
    found = expectation(served_world(Served(), 2, n_accounts=20))
    assert {one.verdict for one in found} == {"refused"}
    assert {one.verdict for one in expectation(ExperienceData.empty(AS_OF))} == {"refused"}


def test_an_answer_is_about_the_last_case_before_it() -> None:
    day = pd.Timestamp
    opened = pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01"])
    cases = pd.DataFrame({"account_id": ["a"] * 3, "opened_at": opened})
    cases = cases.assign(
        first_response_at=cases["opened_at"] + pd.to_timedelta([1.0, 2.0, 3.0], unit="h"),
        closed_at=cases["opened_at"] + pd.Timedelta(days=1),
    )
    answers = pd.DataFrame({"account_id": "a", "answered_at": [day("2025-02-05"), day("2025-04-20")], "metric": "csat"})
    answers = answers.assign(survey_type="event", touchpoint="support", score=[0.5, 1.0])
    rows = answered_cases(replace(ExperienceData.empty(AS_OF), cases=cases, responses=answers))
    assert rows[["order", "prompt"]].values.tolist() == [[1, pytest.approx(-np.log(2.0))]]


def test_a_bar_that_rises_while_scores_stand_still_is_flagged() -> None:
    data = served_world(Served(gap=0.0, bar_a_year=0.3, prompter_a_year=0.75), 3)
    found = told(moving_bar(data))
    bar, lag = found["bar", "support"], found["lag", "support"]
    assert bar.verdict == "found"
    assert bar.low <= 0.3 / scale_of(data) <= bar.high
    assert lag.low <= 0 <= lag.high


def test_a_bar_that_stands_still_is_not_flagged() -> None:
    verdicts = [moving_bar(served_world(Served(gap=0.0), seed))[0].verdict for seed in range(4)]
    assert "found" not in verdicts


def test_scores_that_grow_apart_are_told() -> None:
    data = served_world(Served(gap=0.0), 3)
    in_any_order = np.random.default_rng(3).permutation(data.responses["score"])
    data = replace(data, responses=data.responses.assign(score=in_any_order))
    late = data.responses["answered_at"] > AS_OF - pd.Timedelta(days=550)
    wider = np.where(late, 0.5 + 1.5 * (data.responses["score"] - 0.5), data.responses["score"])
    apart = moving_bar(replace(data, responses=data.responses.assign(score=wider)))
    assert told(apart)["growth of spread", "support"].verdict == "found"
    assert told(moving_bar(data))["growth of spread", "support"].verdict != "found"


def test_the_bar_is_refused_over_a_few_months() -> None:
    data = served_world(Served(), 3)
    recent = data.responses[data.responses["answered_at"] > AS_OF - pd.Timedelta(days=200)]
    assert moving_bar(replace(data, responses=recent))[0].verdict == "refused"


@pytest.fixture(scope="module")
def level_world() -> ExperienceData:
    return history_world("level", 1)


def test_the_gap_foretells_leaving_where_it_is_planted(level_world) -> None:
    planted = told(experience_and_leaving(history_world("gap", 1)))["gain by the gap", "all"]
    assert planted.verdict == "found"
    assert told(experience_and_leaving(level_world))["gain by the gap", "all"].verdict != "found"


def test_two_accounts_of_the_same_mean_differ_in_risk_where_spread_is_planted(level_world) -> None:
    planted = told(experience_and_leaving(history_world("spread", 1)))["spread", "all"]
    assert planted.verdict == "found"
    assert planted.value > 0
    assert told(experience_and_leaving(level_world))["spread", "all"].verdict != "found"


def test_the_rule_that_was_planted_is_selected() -> None:
    (found,) = combination_rule(history_world("weakest", 1))
    assert (found.verdict, found.group) == ("found", "weakest link")


def test_no_rule_is_selected_where_none_is_planted() -> None:
    (found,) = combination_rule(history_world("nothing", 1))
    assert found.verdict == "cannot tell"
    assert "not distinguishable" in found.sentence


def test_a_history_is_what_a_hand_count_has(level_world) -> None:
    rows = histories(level_world)
    row = rows.iloc[-1]
    own = level_world.responses[level_world.responses["account_id"] == row["account_id"]]
    z = (own["score"] - level_world.responses["score"].mean()) / level_world.responses["score"].std()
    before = (own["answered_at"] < row["at"]) & (own["answered_at"] >= row["at"] - pd.Timedelta(days=365))
    assert row["bad_share"] == pytest.approx((own.loc[before, "score"] < 0.5).mean())
    # Scores are standardised within their touchpoint, whose spreads hardly differ here.
    assert row["level"] == pytest.approx(z[before].mean(), abs=0.1)
    assert row["worst"] == pytest.approx(z[before].min(), abs=0.2)


def test_histories_are_refused_where_few_left(level_world) -> None:
    few = replace(level_world, departures=level_world.departures.head(5))
    assert {one.verdict for one in experience_and_leaving(few)} == {"refused"}
    assert combination_rule(ExperienceData.empty(AS_OF))[0].verdict == "refused"


def test_one_touchpoint_has_no_weakest(level_world) -> None:
    (refused,) = combination_rule(replace(level_world, responses=level_world.responses.assign(touchpoint="support")))
    assert refused.sentence == "1 touchpoint is scored; 2 are needed to tell a weakest one"
