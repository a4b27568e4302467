"""Silence is told apart by its kind, and a leak is seen before anything has stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom

from experiments.benchmarks.experience_silence import AS_OF, NEWLY_SILENT, leak_world, left_data, silence_world
from pipelines.experience.coverage import coverage
from pipelines.experience.follow_up import followed, quarters
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.silence import silence, silence_states
from pipelines.experience.slow_leak import _lower_tail, leaking, slow_leak


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def test_the_state_of_silence_is_told_by_what_was_sent_and_answered_before() -> None:
    invitations = pd.DataFrame(
        {
            "account_id": ["talks", "stopped", "stopped", "never", "old", "late", "late"],
            "sent_at": pd.to_datetime(
                ["2025-05-01", "2024-11-01", "2025-05-01", "2025-05-01", "2024-06-01", "2024-11-01", "2025-06-01"]
            ),
            "answered_at": [day("2025-05-02"), day("2024-11-02"), pd.NaT, pd.NaT, pd.NaT, day("2024-11-02"), pd.NaT],
        }
    )
    data = replace(ExperienceData.empty(AS_OF), invitations=invitations)
    accounts = pd.Series(["talks", "stopped", "never", "old", "nobody"])
    states = silence_states(data, accounts, day("2025-07-01")).tolist()
    assert states == ["answering", "newly silent", "always silent", "not asked", "not asked"]
    # An invitation of the last days is not yet unanswered.
    assert silence_states(data, pd.Series(["late"]), day("2025-06-05")).tolist() == ["not asked"]


def test_newly_silent_accounts_leave_more_where_that_is_planted() -> None:
    found = {one.figure: one for one in silence(silence_world(1.1, 3))}
    assert found[NEWLY_SILENT].verdict == "found"
    assert found[NEWLY_SILENT].low <= np.exp(1.1) <= found[NEWLY_SILENT].high
    assert found[NEWLY_SILENT].basis == "associated"


def test_silence_means_nothing_where_nothing_is_planted() -> None:
    found = {one.figure: one for one in silence(silence_world(0.0, 3))}
    assert found[NEWLY_SILENT].verdict != "found"


def test_silence_is_refused_where_few_left() -> None:
    world = silence_world(0.0, 3, n_accounts=60)
    refused = [one for one in silence(world) if one.verdict == "refused"]
    assert any("departures were followed" in one.sentence for one in refused)
    assert silence(ExperienceData.empty(AS_OF))[0].verdict == "refused"


def test_a_quarter_is_followed_only_once_it_is_over() -> None:
    accounts = pd.DataFrame({"account_id": ["a", "b"]})
    left = pd.DataFrame({"account_id": ["b"], "left_at": [day("2025-11-01")]})
    data = replace(left_data(accounts, left), followed_until=day("2025-12-02"))
    assert quarters(data)[-1] == day("2025-09-03")
    rows = followed(data)
    last = rows[rows["at"] == rows["at"].max()].set_index("account_id")["left"]
    assert last.to_dict() == {"a": False, "b": True}


def test_an_account_that_left_is_no_longer_at_risk() -> None:
    accounts = pd.DataFrame({"account_id": ["a", "b"]})
    left = pd.DataFrame({"account_id": ["b"], "left_at": [day("2025-03-01")]})
    rows = followed(left_data(accounts, left))
    assert rows.loc[rows["account_id"] == "b", "at"].max() < day("2025-03-01")
    assert rows.loc[rows["account_id"] == "b", "left"].sum() == 1


def test_a_planted_leak_is_named_before_activity_has_stopped() -> None:
    data, truth = leak_world(0.4, 4)
    rows = leaking(data, AS_OF).rows
    named = rows[rows["is_leaking"]]
    assert len(set(named["account_id"]) & truth) > 0.5 * len(truth)
    assert len(set(named["account_id"]) - truth) <= 0.1 * len(named)
    assert (named["now"] > 0).all()


def test_a_season_that_all_share_is_no_leak() -> None:
    data, _ = leak_world(1.0, 4)
    slower = data.activity["month"] >= AS_OF - pd.DateOffset(months=3)
    halved = data.activity.assign(n=np.where(slower, data.activity["n"] // 2, data.activity["n"]))
    found = slow_leak(replace(data, activity=halved[halved["n"] > 0]))
    assert found[0].verdict == "none found"


def test_what_the_company_does_itself_is_no_activity_of_the_account() -> None:
    data, _ = leak_world(0.4, 4)
    (refused,) = slow_leak(replace(data, activity=data.activity.assign(stream="out")))
    assert refused.verdict == "refused"


def test_the_tail_is_that_of_the_beta_binomial() -> None:
    now, before = np.array([0.0, 3, 12, 40, 300]), np.array([40.0, 80, 40, 400, 1000])
    for size, season in ((0.8, 1.0), (20.0, 0.7), (5000.0, 1.2)):
        exact = betabinom.cdf(now, now + before, size * season, size * 4)
        assert _lower_tail(now, before, size, season) == pytest.approx(exact, rel=1e-3)


def test_coverage_is_exact() -> None:
    accounts = pd.DataFrame({"account_id": list("abcd"), "mrr": [100.0, 200.0, 300.0, 0.0]})
    responses = pd.DataFrame(
        {
            "account_id": ["a", "b"],
            "answered_at": [day("2025-12-01"), day("2025-05-01")],
            "comment": ["too slow", " "],
        }
    )
    invitations = pd.DataFrame({"account_id": ["a", "b"], "sent_at": [day("2025-11-30"), day("2025-11-30")]})
    data = replace(ExperienceData.empty(AS_OF), accounts=accounts, responses=responses, invitations=invitations)
    shares = {one.figure: one.value for one in coverage(data)}
    assert shares["revenue heard"] == pytest.approx(100 / 6)
    assert shares["revenue asked and silent"] == pytest.approx(200 / 6)
    assert shares["revenue neither asked nor heard"] == pytest.approx(50)
    assert shares["revenue with a reason"] == pytest.approx(100 / 6)


def test_coverage_of_nobody_is_refused() -> None:
    assert coverage(ExperienceData.empty(AS_OF))[0].verdict == "refused"
