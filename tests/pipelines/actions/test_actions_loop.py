"""The closed loop, recurring causes and growth: what is planted is found, and what is not is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.actions.facts import Facts
from pipelines.actions.growth import CEILING, grew, growth, mentions_of
from pipelines.actions.loop import closed_loop, feedback, no_marks
from pipelines.actions.recurrence import recurrence
from pipelines.actions.settings import Loop
from pipelines.experience.found import Found
from pipelines.experience.inputs import ExperienceData

TODAY, LOOP = pd.Timestamp("2025-12-31"), Loop(within_days=60)


def _world(seed: int, *, n: int = 1500, telling: float) -> tuple[ExperienceData, pd.DataFrame]:
    """Low answers, told more often where they are worst, which then stay low; telling adds `telling` to the next."""
    rng = np.random.default_rng(seed)
    ids = [f"a{i}" for i in range(n)]
    at = pd.Timestamp("2025-03-01") + pd.to_timedelta(rng.integers(0, 60, n), unit="D")
    first = rng.integers(1, 7, n).astype(float)
    told = rng.random(n) < np.where(first <= 3, 0.75, 0.25)
    good = rng.random(n) < np.where(first <= 3, 0.2, 0.6) + telling * told
    answers = pd.DataFrame(
        {
            "account_id": ids + ids, "answered_at": [*at, *(at + pd.Timedelta(days=120))], "metric": "nps",
            "raw": [*first, *np.where(good, 9.0, 3.0)], "score": [*first / 10, *np.where(good, 0.9, 0.3)],
        }
    )  # fmt: skip
    marks = pd.DataFrame({"account_id": np.array(ids)[told], "at": at[told] + pd.Timedelta(days=20), "stage": "told"})
    empty = ExperienceData.empty(TODAY)
    accounts = empty.accounts.reindex(range(n)).assign(account_id=ids, mrr=rng.lognormal(5, 1, n))
    return replace(empty, accounts=accounts, responses=answers, followed_until=TODAY), marks


def _figure(found: list[Found], name: str) -> Found:
    return next(one for one in found if one.figure == name)


def test_closing_is_adjusted_where_it_goes_to_those_who_are_worst_off():
    data, marks = _world(0, telling=0.15)
    found = list(closed_loop(data, marks, LOOP))
    effect = _figure(found, "effect of telling on next answer")
    naive = float(effect.sentence.rsplit(" ", 1)[1])
    assert naive < 5
    assert effect.low <= 15 <= effect.high
    assert effect.verdict == "found"


def test_without_effect_none_is_found():
    effect = _figure(list(closed_loop(*_world(1, telling=0.0), LOOP)), "effect of telling on next answer")
    assert effect.low <= 0 <= effect.high
    assert effect.verdict != "found"


def test_where_nobody_was_told_it_says_so():
    data, _ = _world(0, telling=0.0)
    found = list(closed_loop(data, no_marks(), LOOP))
    assert _figure(found, "share told").value == 0
    assert "nobody was" in _figure(found, "effect of telling on next answer").sentence


def test_stages_of_one_feedback_by_hand():
    day = pd.Timestamp
    empty = ExperienceData.empty(TODAY)
    answers = pd.DataFrame(
        {
            "account_id": ["a", "a", "b"], "answered_at": [day("2025-03-01"), day("2025-05-01"), day("2025-03-01")],
            "metric": ["nps", "nps", "nps"], "score": [0.3, 0.9, 0.9], "raw": [3.0, 9.0, 9.0],
        }
    )  # fmt: skip
    marks = pd.DataFrame(
        {
            "account_id": ["a", "a", "a", "b"],
            "at": [day("2025-02-01"), day("2025-03-05"), day("2025-06-01"), day("2025-03-02")],
            "stage": ["told", "told", "fixed", "told"],
        }
    )
    rows = feedback(replace(empty, responses=answers), marks, LOOP)
    assert rows["account_id"].tolist() == ["a"]
    row = rows.iloc[0]
    assert (row["told"], row["measured"], row["next_score"]) == (day("2025-03-05"), day("2025-05-01"), 0.9)
    assert pd.isna(row["fixed"])


@pytest.mark.parametrize(("gap_days", "verdict"), [(600, "found"), (130, "none found")])
def test_a_mended_cause_comes_back_less_often_where_it_does(gap_days, verdict):
    rng = np.random.default_rng(2)
    rows, fixed = [], pd.Timestamp("2025-03-01")
    for i in range(800):
        at = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(rng.integers(0, 100)))
        while at < TODAY:
            rows.append((f"a{i}", at, at + pd.Timedelta(hours=5)))
            at += pd.Timedelta(days=1 + int(rng.exponential(130 if at < fixed else gap_days)))
    cases = pd.DataFrame(rows, columns=["account_id", "opened_at", "closed_at"]).assign(category="billing")
    found = list(recurrence(cases, {"billing": "2025-03-01"}, TODAY))
    assert found[-1].figure == "change since its root cause was mended"
    assert (found[-1].verdict == "found") == (verdict == "found")


def _growing(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    dates = pd.to_datetime(["2024-01-01", "2024-07-01", "2025-01-01"])
    rows = pd.DataFrame({"account_id": [f"a{i}" for i in range(900)], "as_of": np.repeat(dates, 300)})
    rows = rows.assign(seats_now=rng.integers(2, 30, 900).astype(float), **{CEILING: rng.uniform(0.1, 1, 900)})
    return rows, (rng.random(900) < np.where(rows[CEILING] > 0.8, 0.6, 0.05)).astype(float)


def test_growth_is_foretold_from_the_ceiling_and_never_offered_in_pain_or_at_risk():
    past, target = _growing(0)
    today = past.tail(300).reset_index(drop=True)
    tier = np.where(np.arange(300) % 3 == 0, "high", "low")
    accounts = pd.DataFrame({"account_id": today["account_id"], "tier": tier, "is_hurt": np.arange(300) % 5 == 0})
    found = growth(past, target, today.drop(columns=["account_id", "as_of"]), Facts(accounts), seed=0)
    assert found.found[0].verdict == "found"
    assert found.found[0].low > 0.6
    offers = found.accounts[found.accounts["answer"] == "offer"].merge(accounts, on="account_id")
    assert len(offers) > 10
    assert not offers["is_hurt"].any()
    assert (offers["tier"] != "high").all()
    assert (found.accounts["answer"] == "not now").any()


def test_growth_is_refused_where_hardly_any_account_grew():
    past, target = _growing(1)
    target[:] = 0
    accounts = pd.DataFrame({"account_id": past["account_id"], "tier": "low", "is_hurt": False})
    found = growth(past, target, past.drop(columns=["account_id", "as_of"]), Facts(accounts), seed=0)
    assert found.found[0].verdict == "refused"


def test_growth_counts_revenue_half_a_year_later_once_it_is_due():
    months = pd.DataFrame(
        {
            "account_id": ["a", "a", "b", "b"], "mrr": [100.0, 110.0, 100.0, 102.0],
            "month": pd.to_datetime(["2024-12-01", "2025-06-01"] * 2),
        }
    )  # fmt: skip
    rows = pd.DataFrame(
        {"account_id": ["a", "b", "a"], "as_of": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-12-01"])}
    )
    assert np.array_equal(grew(rows, months, TODAY), [1.0, 0.0, np.nan], equal_nan=True)


def test_mentions_count_only_since_the_date():
    at = pd.to_datetime(["2025-01-02", "2024-01-02"])
    rows = pd.DataFrame({"account_id": ["a", "b"], "answered_at": at, "comment": ["We need more seats", "upgrade?"]})
    assert mentions_of(rows, pd.Timestamp("2025-01-01")) == {"a": 1}
