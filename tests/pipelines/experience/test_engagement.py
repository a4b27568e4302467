import numpy as np
import pandas as pd

from experiments.benchmarks.experience_engagement import item_world
from pipelines.experience.engagement import engagement
from pipelines.experience.engagement_ledger import engagement_ledger

OWN, QUALITY = ["logins", "posts", "wishes"], ["csat", "ces", "speed"]


def test_two_planted_factors_are_told_apart():
    found = [engagement(item_world(seed), OWN, QUALITY).found[0] for seed in range(20)]
    assert all(one.verdict == "found" for one in found)
    assert np.mean([one.low <= 0.3 <= one.high for one in found]) >= 0.9


def test_one_factor_is_taken_as_one_with_a_warning():
    for seed in range(10):
        found = engagement(item_world(seed, between=1.0), OWN, QUALITY)
        assert found.found[0].verdict in ("none found", "cannot tell")
        assert "taken as one" in found.found[0].sentence
        assert found.accounts["quadrant"].isna().all()
        assert found.accounts["engaged"].notna().all()


def test_the_score_follows_what_accounts_do_and_not_how_they_are_served():
    items = item_world(1)
    better = items.assign(speed=items["speed"] + np.arange(len(items)))
    pd.testing.assert_series_equal(
        engagement(items, OWN, QUALITY).accounts["engaged"], engagement(better, OWN, QUALITY).accounts["engaged"]
    )


def test_quadrants_hold_all_accounts_whose_service_is_known():
    found = engagement(item_world(2), OWN, QUALITY)
    assert abs(sum(one.value for one in found.found[1:]) - 100) < 1e-9


def test_a_single_item_is_no_factor():
    found = engagement(item_world(1), OWN[:1], QUALITY)
    assert found.found[0].verdict == "refused"
    assert "1 items of their own doing" in found.found[0].sentence


def _activity(sent: int) -> pd.DataFrame:
    months = pd.date_range("2024-07-01", "2024-12-01", freq="MS")
    rows = [(f"A{i}", month, "in", 5 + i % 3, 4 + (month.month > 9)) for i in range(30) for month in months]
    rows += [(f"A{i}", month, "out", sent, 1) for i in range(30) for month in months[-3:]]
    return pd.DataFrame(rows, columns=["account_id", "month", "stream", "n", "days"])


ACCOUNTS = pd.Series([f"A{i}" for i in range(30)])
AS_OF = pd.Timestamp("2025-01-15")


def test_what_the_company_sends_makes_nobody_more_engaged():
    quiet, loud = ({one.figure: one for one in engagement_ledger(_activity(sent), ACCOUNTS, AS_OF)} for sent in (1, 50))
    for name in ("engagement", "change of engagement"):
        assert quiet[name].value == loud[name].value
    assert loud["effort"].value == 150.0


def test_the_ledger_is_what_was_counted():
    found = {one.figure: one.value for one in engagement_ledger(_activity(1), ACCOUNTS, AS_OF)}
    assert found == {"engagement": 15.0, "change of engagement": 3.0, "effort": 3.0, "change of effort": 3.0}


def test_few_accounts_have_no_ledger():
    (found,) = engagement_ledger(_activity(1), ACCOUNTS[:3], AS_OF)
    assert found.verdict == "refused"
