"""A score is corrected for who answers where that can be right, and withheld where it cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_surveys import AS_OF, asked_world, fatigue_world, nps, survey_data
from pipelines.experience.fatigue import contact_fatigue
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.invited import asked_before
from pipelines.experience.who_answers import bounds, population_scores


def by_figure(depends_on, seed, **sizes):
    asked = asked_world(depends_on, seed, **sizes)
    return {one.figure: one for one in population_scores(survey_data(asked))}, nps(asked["score"])


def test_who_is_asked_of_is_corrected_where_answering_depends_on_the_role() -> None:
    found, truth = by_figure("role", 5)
    seen, corrected = found["nps of those who answered"], found["corrected nps"]
    assert not seen.low <= truth <= seen.high
    assert corrected.low <= truth <= corrected.high
    assert corrected.basis == "assumed"


def test_nothing_is_corrected_where_everyone_answers_alike() -> None:
    found, _ = by_figure("nothing", 5)
    assert found["corrected nps"].value == pytest.approx(found["nps of those who answered"].value, abs=1.5)


def test_the_point_is_withheld_where_answering_depends_on_the_score() -> None:
    found, truth = by_figure("score", 5)
    assert np.isnan(found["corrected nps"].value)
    assert found["corrected nps"].verdict == "cannot tell"
    assert found["nps bounds"].low <= truth <= found["nps bounds"].high
    assert found["nps of those who answered"].low > truth


def test_the_point_is_withheld_where_nobody_else_was_asked() -> None:
    asked = asked_world("role", 5, n_accounts=300)
    alone = survey_data(asked[asked["person"] == 0].drop_duplicates("account"))
    corrected = {one.figure: one for one in population_scores(alone)}["corrected nps"]
    assert corrected.verdict == "cannot tell"
    assert "cannot be tested" in corrected.sentence


def test_bounds_hold_whatever_the_silent_think() -> None:
    rows = pd.DataFrame({"value": [100.0, -100.0, np.nan, np.nan], "is_answered": [True, True, False, False]})
    low, high = bounds(rows, -100, 100)
    for silent in ([-100, -100], [0, 100], [100, 100]):
        assert low <= np.mean([100, -100, *silent]) <= high


def test_without_invitations_nothing_is_corrected() -> None:
    (found,) = population_scores(ExperienceData.empty(AS_OF))
    assert (found.verdict, found.sentence) == ("refused", "no invitations are known; map survey_invitations")


def test_earlier_invitations_are_counted_as_a_loop_counts_them() -> None:
    rng = np.random.default_rng(1)
    sent = AS_OF - pd.to_timedelta(rng.integers(0, 400, 80), unit="D")
    rows = pd.DataFrame({"contact_id": rng.choice(["a", "b", "c"], 80), "account_id": "x", "sent_at": sent})
    window = pd.Timedelta(days=90)
    by_hand = [
        sum(
            one.contact_id == other.contact_id and one.sent_at - window <= other.sent_at < one.sent_at
            for other in rows.itertuples()
        )
        for one in rows.itertuples()
    ]
    assert asked_before(rows).tolist() == by_hand


def test_fatigue_is_found_where_it_is_planted() -> None:
    (found,) = contact_fatigue(survey_data(fatigue_world(5.0, 2)))
    assert found.verdict == "found"
    assert found.low <= -5 <= found.high


def test_no_fatigue_is_found_where_talkative_accounts_are_asked_more() -> None:
    (found,) = contact_fatigue(survey_data(fatigue_world(0.0, 2)))
    assert found.verdict in ("none found", "cannot tell")
    assert found.low <= 0 <= found.high


def test_fatigue_is_refused_where_nobody_was_asked_again() -> None:
    asked = fatigue_world(0.0, 2).drop_duplicates("account")
    (found,) = contact_fatigue(survey_data(asked))
    assert found.verdict == "refused"
