import numpy as np
import pandas as pd

from pipelines.experience.price_acceptance import price_acceptance, price_rises


def _rises(seed: int, *, n: int = 2500, harm: float = 8.0, spared: float = 5.0) -> pd.DataFrame:
    """Log-odds of leaving rise by `harm` for each uplift of 1, by `spared` less where the account was well served."""
    rng = np.random.default_rng(seed)
    score, uplift = rng.random(n), rng.uniform(0.0, 0.3, n)
    is_well = score >= np.median(score)
    odds = -2.5 + (harm - spared * is_well) * uplift
    return pd.DataFrame(
        {"account_id": [f"A{i // 2}" for i in range(n)], "uplift": uplift, "score": score,
         "paid": np.exp(rng.normal(5, 1, n)), "has_left": rng.random(n) < 1 / (1 + np.exp(-odds))}
    )  # fmt: skip


def _best(start: float, slope: float) -> float:
    grid = np.linspace(0, 0.5, 100_001)
    return float(grid[np.argmax((1 + grid) / (1 + np.exp(start + slope * grid)))])


def _by_name(rises: pd.DataFrame) -> dict:
    return {one.figure: one for one in price_acceptance(rises)}


def test_planted_elasticity_lies_within_its_interval():
    held = {"harm of a rise, poorly served": 0.8, "harm of a rise, well served": 0.3}
    found = [_by_name(_rises(seed)) for seed in range(100)]
    for name, truth in held.items():
        assert 0.9 <= np.mean([one[name].low <= truth <= one[name].high for one in found]) <= 0.99
    uplift = 100 * _best(-2.5, 8.0)
    name = "supportable uplift, poorly served"
    assert np.mean([one[name].low - 0.3 <= uplift <= one[name].high + 0.3 for one in found]) >= 0.88


def test_good_experience_spares_nothing_where_that_is_not_planted():
    found = [_by_name(_rises(seed, spared=0.0))["harm spared by good experience"].verdict for seed in range(60)]
    assert found.count("found") <= 3


def test_good_experience_is_found_where_planted():
    found = [_by_name(_rises(seed, n=4000))["harm spared by good experience"].verdict for seed in range(30)]
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
    (found,) = price_acceptance(_rises(0, n=60))
    assert found.verdict == "refused"
    assert "60 rises" in found.sentence
