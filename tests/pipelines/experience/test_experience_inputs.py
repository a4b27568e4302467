"""What the programme reads is what was known, on one scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.company import simulate
from pipelines.experience.inputs import read_experience

AS_OF = pd.Timestamp("2024-07-01")


@pytest.fixture(scope="module")
def company():
    return simulate(120, years=2, seed=3).tables


def test_what_happens_later_changes_nothing(company, open_tables) -> None:
    cutoff = pd.Timestamp("2025-06-01")
    times = {"activities": "occurred_at", "survey_invitations": "sent_at", "survey_responses": "answered_at"}
    before = {name: frame[frame[times[name]] < cutoff] if name in times else frame for name, frame in company.items()}
    whole, cut = (read_experience(open_tables(tables), cutoff) for tables in (company, before))
    for name in ("accounts", "responses", "invitations", "activity", "revenue", "cases"):
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(cut, name))


def test_times_that_lie_ahead_are_not_known(small_company, open_tables) -> None:
    data = read_experience(open_tables(small_company), AS_OF)
    assert data.subscriptions["end_date"].isna().all()
    assert data.cases.set_index("case_id")["is_escalated"].to_dict() == {"k0": False, "k1": True}
    assert set(data.responses["response_id"]) == {"r1", "r2", "r3"}


def test_an_answer_of_the_day_itself_is_not_known(small_company, open_tables) -> None:
    data = read_experience(open_tables(small_company), pd.Timestamp("2024-06-21"))
    assert set(data.responses["response_id"]) == {"r2", "r3"}


def test_what_was_recorded_later_was_not_known(small_company, open_tables) -> None:
    answers = small_company["survey_responses"].assign(recorded_at=pd.Timestamp("2024-08-01"))
    data = read_experience(open_tables(small_company | {"survey_responses": answers}), AS_OF)
    assert data.responses.empty


def test_scores_are_shares_of_their_scale(small_company, open_tables) -> None:
    data = read_experience(open_tables(small_company), AS_OF)
    by_id = data.responses.set_index("response_id")
    assert by_id["score"].round(3).to_dict() == {"r1": 0.25, "r2": 0.9, "r3": 0.7}
    assert by_id.loc["r1", ["raw", "role", "survey_type"]].tolist() == [2.0, "unknown", "unknown"]


def test_revenue_is_what_runs_at_a_months_end(small_company, open_tables) -> None:
    data = read_experience(open_tables(small_company), pd.Timestamp("2024-12-15"))
    paid = data.revenue.pivot_table(index="month", columns="account_id", values="mrr")
    assert paid.loc["2024-09-01"].to_dict() == {"a": 100.0, "b": 250.0, "c": 900.0}
    assert np.isnan(paid.loc["2024-10-01", "b"])
    assert paid.index.max() == pd.Timestamp("2024-11-01")
    assert data.accounts.set_index("account_id")["mrr"].to_dict() == {"a": 100.0, "b": 0.0, "c": 900.0}


def test_a_departure_is_known_once_its_grace_is_over(small_company, open_tables) -> None:
    left = pd.DataFrame({"account_id": ["b"], "left_at": [pd.Timestamp("2024-10-01")], "way": ["cancelled"]})
    warehouse = open_tables(small_company)
    early, late = (
        read_experience(warehouse, pd.Timestamp(date), departures=left, grace_days=30)
        for date in ("2024-10-20", "2024-11-20")
    )
    assert (len(early.departures), len(late.departures)) == (0, 1)


def test_activity_is_summed_as_a_hand_count_has_it(small_company, open_tables) -> None:
    data = read_experience(open_tables(small_company), AS_OF)
    activities = small_company["activities"]
    own = activities[(activities["occurred_at"] < AS_OF) & (activities["account_id"] == "a")]
    mine = data.activity[data.activity["account_id"] == "a"]
    assert mine["n"].sum() == len(own) == mine["days"].sum()


def test_tables_that_are_not_there_are_empty_frames(small_company, open_tables) -> None:
    data = read_experience(open_tables({"accounts": small_company["accounts"]}), AS_OF)
    assert data.followed_until is None
    assert data.segmentations == []
    assert all(getattr(data, name).empty for name in ("responses", "invitations", "activity", "revenue", "departures"))
