import numpy as np
import pandas as pd

from experiments.benchmarks.experience_engagement import incentive_quarters
from pipelines.experience.rented_loyalty import exposed, incentives_of, rented_loyalty


def test_the_planted_drop_lies_within_its_interval():
    found = [rented_loyalty(incentive_quarters(seed))[0] for seed in range(60)]
    assert 0.9 <= np.mean([one.low <= 15 <= one.high for one in found]) <= 0.99
    assert np.mean([one.verdict == "found" for one in found]) >= 0.9


def test_being_at_risk_is_not_taken_for_rented_loyalty():
    found = [rented_loyalty(incentive_quarters(seed, drop=0.0))[0].verdict for seed in range(40)]
    assert found.count("found") <= 3


def test_few_incentives_are_refused():
    (found,) = rented_loyalty(incentive_quarters(1).assign(ended=False))
    assert found.verdict == "refused"
    assert "0 just after one" in found.sentence


def test_exposure_is_by_when_the_incentive_ends():
    given = pd.DataFrame(
        {"account_id": ["a", "b", "c"], "kind": ["Discount 10 %", "discount", "call"],
         "delivered_at": pd.to_datetime(["2024-01-01", "2024-08-01", "2024-01-01"])}
    )  # fmt: skip
    at = pd.to_datetime(["2024-01-15", "2024-08-01", "2024-09-01", "2024-08-01"])
    rows = pd.DataFrame({"account_id": ["a", "a", "b", "c"], "at": at})
    found = exposed(rows, incentives_of(given))
    assert found["under"].tolist() == [True, False, True, False]
    assert found["ended"].tolist() == [False, True, False, False]
