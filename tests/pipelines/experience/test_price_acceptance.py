import numpy as np
import pandas as pd

from experiments.benchmarks.experience_money import price_rise_world
from pipelines.experience.price_acceptance import price_acceptance, price_rises


def _best(start: float, slope: float) -> float:
    grid = np.linspace(0, 0.5, 100_001)
    return float(grid[np.argmax((1 + grid) / (1 + np.exp(start + slope * grid)))])


def _by_name(rises: pd.DataFrame) -> dict:
    return {one.figure: one for one in price_acceptance(rises)}


def test_planted_elasticity_lies_within_its_interval():
    held = {"harm of a rise, poorly served": 0.8, "harm of a rise, well served": 0.3}
    found = [_by_name(price_rise_world(seed)) for seed in range(100)]
    for name, truth in held.items():
        assert 0.9 <= np.mean([one[name].low <= truth <= one[name].high for one in found]) <= 0.99
    uplift = 100 * _best(-2.5, 8.0)
    name = "supportable uplift, poorly served"
    assert np.mean([one[name].low - 0.3 <= uplift <= one[name].high + 0.3 for one in found]) >= 0.88


def test_good_experience_spares_nothing_where_that_is_not_planted():
    told = [_by_name(price_rise_world(seed, spared=0.0)) for seed in range(60)]
    found = [one["harm spared by good experience"].verdict for one in told]
    assert found.count("found") <= 3


def test_good_experience_is_found_where_planted():
    found = [_by_name(price_rise_world(seed, n=4000))["harm spared by good experience"].verdict for seed in range(30)]
    assert found.count("found") >= 27


def test_a_rise_is_a_dearer_row_that_follows_at_once_for_the_same_quantity():
    rows = pd.DataFrame(
        [("rise", "2023-01-01", "2024-01-01", 100.0, 5), ("rise", "2024-01-01", None, 110.0, 5),
         ("more seats", "2023-01-01", "2024-01-01", 100.0, 5), ("more seats", "2024-01-01", None, 150.0, 8),
         ("left", "2023-01-01", "2024-01-01", 100.0, 5), ("left", "2024-01-01", "2024-03-01", 120.0, 5),
         ("break", "2023-01-01", "2023-06-01", 100.0, 5), ("break", "2024-01-01", None, 120.0, 5),
         ("two at once", "2023-01-01", None, 100.0, 5), ("two at once", "2024-01-01", None, 120.0, 5),
         ("late", "2023-01-01", "2024-12-01", 100.0, 5), ("late", "2024-12-01", None, 120.0, 5)],
        columns=["account_id", "start_date", "end_date", "mrr", "quantity"],
    )  # fmt: skip
    rows = rows.assign(start_date=pd.to_datetime(rows["start_date"]), end_date=pd.to_datetime(rows["end_date"]))
    found = price_rises(rows, pd.Timestamp("2025-01-01")).set_index("account_id")
    assert found["uplift"].round(2).to_dict() == {"left": 0.2, "rise": 0.1}
    assert found["has_left"].to_dict() == {"left": True, "rise": False}


def test_few_rises_are_refused():
    (found,) = price_acceptance(price_rise_world(0, n=60))
    assert found.verdict == "refused"
    assert "60 rises" in found.sentence
