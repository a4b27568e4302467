import numpy as np
import pandas as pd
import pytest

from pipelines.experience.hostages import hostages
from pipelines.experience.renewals import next_renewal


def _rows(seed: int, *, held: float = 1.5, accounts: int = 1200, quarters: int = 4) -> pd.DataFrame:
    """Unhappy accounts leave more by 1.6 in log-odds, less `held` while a contract binds them."""
    rng = np.random.default_rng(seed)
    n = accounts * quarters
    account = np.tile(np.arange(accounts), quarters)
    unhappy, locked = rng.random(n) < 0.35, rng.random(n) < 0.6
    odds = -3.0 + unhappy * (1.6 - held * locked) - 0.2 * locked
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(90 * np.repeat(np.arange(quarters), accounts), unit="D")
    return pd.DataFrame(
        {"account_id": [f"A{i}" for i in account], "at": at, "left": rng.random(n) < 1 / (1 + np.exp(-odds)),
         "mrr": 100.0, "tenure_years": rng.random(n), "unhappy": unhappy.astype(float), "locked": locked,
         "mood": np.where(unhappy, 0.4, 0.8), "release_at": at + pd.Timedelta(days=200)}
    )  # fmt: skip


NOW = _rows(99, accounts=200, quarters=1)


def _held(rows: pd.DataFrame):
    return next(one for one in hostages(rows, NOW).found if one.figure == "held by a contract")


def test_what_a_contract_holds_back_lies_within_its_interval():
    found = [_held(_rows(seed)) for seed in range(30)]
    assert np.mean([one.low <= 1.5 <= one.high for one in found]) >= 0.88
    assert np.mean([one.verdict == "found" for one in found]) >= 0.9


def test_nothing_is_held_back_where_nothing_is_planted():
    found = [_held(_rows(seed, held=0.0)).verdict for seed in range(30)]
    assert found.count("found") <= 2


def test_hostages_are_ranked_low_now_and_high_at_release():
    listed = hostages(_rows(1), NOW).accounts
    assert set(listed["account_id"]) == set(NOW.loc[(NOW["unhappy"] == 1) & NOW["locked"], "account_id"])
    assert (listed["risk_at_release"] > 2 * listed["risk_now"]).all()
    assert listed["release_at"].is_monotonic_increasing


def test_accounts_without_answers_or_contracts_tell_nothing():
    found = hostages(_rows(1).assign(unhappy=np.nan), NOW)
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
