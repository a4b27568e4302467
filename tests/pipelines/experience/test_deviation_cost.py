import numpy as np
import pandas as pd

from pipelines.experience.deviation_cost import deviation_cost

TOUCHPOINTS = pd.DataFrame({"touchpoint": ["call", "setup", "desk"], "stage": ["sale", "start", "use"]})
UNTIL = pd.Timestamp("2025-06-01")


def _world(seed: int, harm: float, n: int = 800) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Half of the accounts skip the setup; `harm` more of them leave in the year after their first half year."""
    rng = np.random.default_rng(seed)
    names, created = [f"A{i}" for i in range(n)], pd.Timestamp("2023-01-01")
    skips = rng.random(n) < 0.5
    days = {"call": 5, "setup": 20, "desk": 35}
    rows = [
        (name, place, created + pd.Timedelta(days=day))
        for name, skip in zip(names, skips, strict=True)
        for place, day in days.items()
        if not (skip and place == "setup")
    ]
    late = [(name, "fair", created + pd.Timedelta(days=400)) for name in names]
    met = pd.DataFrame(rows + late, columns=["account_id", "touchpoint", "first_at"])
    leaves = rng.random(n) < 0.15 + harm * skips
    at = created + pd.to_timedelta(rng.integers(190, 540, n), unit="D")
    departures = pd.DataFrame({"account_id": np.array(names)[leaves], "left_at": at[leaves]})
    return met, pd.DataFrame({"account_id": names, "created_at": created}), departures


def _found(seed: int, harm: float):
    met, begun, departures = _world(seed, harm)
    return deviation_cost(met, TOUCHPOINTS, begun, departures, UNTIL)[0]


def test_the_planted_cost_lies_within_its_interval():
    found = [_found(seed, 0.2) for seed in range(40)]
    assert np.mean([one.low <= 20 <= one.high for one in found]) >= 0.88
    assert all(one.verdict == "found" for one in found)


def test_no_cost_is_found_where_none_is_planted():
    assert [_found(seed, 0.0).verdict for seed in range(40)].count("found") <= 2


def test_who_left_in_the_first_half_year_had_no_time_to_deviate():
    met, begun, departures = _world(1, 0.2)
    early = pd.DataFrame({"account_id": begun["account_id"].iloc[:50], "left_at": pd.Timestamp("2023-02-01")})
    found = deviation_cost(met, TOUCHPOINTS, begun, pd.concat([departures, early]), UNTIL)[0]
    assert found.n_accounts == 750


def test_without_a_year_to_follow_it_is_refused():
    met, begun, departures = _world(1, 0.2)
    (found,) = deviation_cost(met, TOUCHPOINTS, begun, departures, pd.Timestamp("2024-01-01"))
    assert found.verdict == "refused"
    assert "0 accounts with a deviation" in found.sentence
