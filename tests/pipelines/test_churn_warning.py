"""Whether churners were seen coming, on accounts whose every month is written down."""

from __future__ import annotations

import pandas as pd
import pytest

from pipelines.churn.warning import tiers, warned

MONTHS = pd.date_range("2025-01-01", periods=5, freq="MS")


def watched(history: dict[str, str]) -> tuple[pd.DataFrame, pd.Series]:
    """Accounts by month: h, m or l is the tier then; capital letters are rows whose horizon saw them leave."""
    names = {"h": "high", "m": "medium", "l": "low"}
    rows = [
        {"account_id": account, "as_of": month, "churned": letter.isupper(), "tier": names[letter.lower()]}
        for account, letters in history.items()
        for month, letter in zip(MONTHS, letters, strict=False)
    ]
    frame = pd.DataFrame(rows).sample(frac=1, random_state=2)
    return frame.drop(columns="tier"), frame["tier"]


def test_an_account_that_looked_safe_at_its_last_date_is_a_false_green() -> None:
    found = warned(*watched({"a": "lLL", "b": "lMM", "c": "lhHH", "d": "lllll", "e": "hhhhh"}), seed=0)
    assert found is not None
    assert (found.n_left, found.n_warned) == (3, 1)
    assert found.false_green.value == pytest.approx(1 / 3)
    assert found.false_green.low < 1 / 3 < found.false_green.high


def test_warning_counts_from_the_last_unbroken_time_in_the_highest_tier() -> None:
    found = warned(*watched({"a": "hlHH", "b": "hhHH", "c": "lllH", "z": "lllll"}), seed=0)
    assert found is not None
    # a: since March, 31 days; b: since January, 90 days; c: on the last date only
    assert found.lead_days is not None
    assert found.lead_days.value == 31
    assert (found.lead_days.low, found.lead_days.high) == (0, 90)


def test_who_is_still_there_at_the_end_has_not_left_yet() -> None:
    assert warned(*watched({"a": "llllL", "b": "lllll"}), seed=0) is None


def test_who_goes_without_a_label_of_churn_has_not_left() -> None:
    assert warned(*watched({"a": "ll", "b": "lllll"}), seed=0) is None


def test_if_none_was_in_the_highest_tier_there_is_no_lead() -> None:
    found = warned(*watched({"a": "LL", "z": "lllll"}), seed=0)
    assert found is not None
    assert (found.lead_days, found.n_warned) == (None, 0)


def test_tiers_are_of_each_date_and_count_what_rows_stand_for() -> None:
    rows = pd.DataFrame(
        {
            "as_of": [MONTHS[0]] * 4 + [MONTHS[1]] * 4,
            "model": [0.9, 0.8, 0.2, 0.1] * 2,
            "weight": [1.0] * 4 + [1.0, 1.0, 9.0, 9.0],
        }
    )
    found = tiers(rows, "model", high_share=0.25, medium_share=0.25)
    assert found.tolist() == ["high", "medium", "low", "low", "high", "high", "low", "low"]


def test_by_cost_tiers_follow_the_probability_and_medium_are_the_next_of_each_date() -> None:
    rows = pd.DataFrame(
        {
            "as_of": [MONTHS[0]] * 4 + [MONTHS[1]] * 4,
            "model": [0.9, 0.8, 0.7, 0.1, 0.2, 0.15, 0.1, 0.05],
            "weight": 1.0,
        }
    )
    found = tiers(rows, "model", high_share=0.25, medium_share=0.25, high_prob=0.7)
    assert found.tolist() == ["high", "high", "high", "medium", "medium", "low", "low", "low"]
