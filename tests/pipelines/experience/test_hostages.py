import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_engagement import contract_quarters
from pipelines.experience.hostages import hostages
from pipelines.experience.renewals import next_renewal

NOW = contract_quarters(99, accounts=200, quarters=1)


def _held(rows: pd.DataFrame):
    return next(one for one in hostages(rows, NOW).found if one.figure == "held by a contract")


def test_what_a_contract_holds_back_lies_within_its_interval():
    found = [_held(contract_quarters(seed)) for seed in range(30)]
    assert np.mean([one.low <= 1.5 <= one.high for one in found]) >= 0.88
    assert np.mean([one.verdict == "found" for one in found]) >= 0.9


def test_nothing_is_held_back_where_nothing_is_planted():
    found = [_held(contract_quarters(seed, held=0.0)).verdict for seed in range(30)]
    assert found.count("found") <= 2


def test_hostages_are_ranked_low_now_and_high_at_release():
    listed = hostages(contract_quarters(1), NOW).accounts
    assert set(listed["account_id"]) == set(NOW.loc[(NOW["unhappy"] == 1) & NOW["locked"], "account_id"])
    assert (listed["risk_at_release"] > 2 * listed["risk_now"]).all()
    assert listed["release_at"].is_monotonic_increasing


def test_accounts_without_answers_or_contracts_tell_nothing():
    found = hostages(contract_quarters(1).assign(unhappy=np.nan), NOW)
    assert found.accounts.empty
    assert found.found[0].verdict == "refused"


@pytest.mark.parametrize(
    ("start", "months", "at", "expected"),
    [
        ("2024-03-10", 12, "2024-06-01", "2025-03-10"),
        ("2024-03-10", 12, "2025-03-10", "2026-03-10"),
        ("2024-03-10", 1, "2024-06-09", "2024-06-10"),
        ("2024-01-31", 1, "2024-02-01", "2024-02-29"),
        ("2024-03-10", 3, "2024-06-11", "2024-09-10"),
    ],
)
def test_the_next_renewal_is_the_first_whole_period_after_the_date(start, months, at, expected):
    rows = pd.DataFrame({"account_id": ["a"], "start_date": pd.to_datetime([start]), "end_date": pd.NaT})
    rows = rows.assign(billing_period_months=months)
    assert next_renewal(rows, pd.Timestamp(at))["a"] == pd.Timestamp(expected)
