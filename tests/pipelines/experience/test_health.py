import numpy as np
import pandas as pd

from pipelines.experience.health import health


def _rows(seed: int, *, engaged: float = -0.9, mood: float = -0.5, n: int = 4000) -> pd.DataFrame:
    """Risk falls with engagement and mood; whose mood is unknown is riskier; tenure does nothing."""
    rng = np.random.default_rng(seed)
    z, m = rng.standard_normal(n), rng.standard_normal(n)
    silent = rng.random(n) < 0.3
    odds = -2.5 + engaged * z + mood * m * ~silent + 0.7 * silent * (mood != 0)
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(90 * (np.arange(n) % 6), unit="D")
    return pd.DataFrame(
        {"account_id": [f"A{i // 6}" for i in range(n)], "at": at, "left": rng.random(n) < 1 / (1 + np.exp(-odds)),
         "engaged": z, "mood": np.where(silent, np.nan, m), "cases": rng.poisson(1.0, n).astype(float),
         "tenure_years": rng.random(n)}
    )  # fmt: skip


def _by_name(rows: pd.DataFrame) -> dict:
    return {one.figure: one for one in health(rows)[1]}


def test_fitted_weights_cover_what_was_planted():
    found = [_by_name(_rows(seed)) for seed in range(40)]
    for name, truth in (("weight of engaged", -0.9), ("weight of cases", 0.0)):
        assert np.mean([one[name].low - 0.03 <= truth <= one[name].high + 0.03 for one in found]) >= 0.9


def test_an_unknown_mood_is_neither_good_nor_bad_by_decree():
    found = _by_name(_rows(1))["weight of mood unknown"]
    assert found.verdict == "found"
    assert found.value > 0


def test_fitted_weights_miss_fewer_leavers_than_equal_ones():
    missed = {"fitted": [], "equal": []}
    for seed in range(20):
        found = _by_name(_rows(seed))
        for how in missed:
            missed[how].append(found[f"false green, {how} weights"].value)
    assert np.mean(missed["fitted"]) < np.mean(missed["equal"]) - 5


def test_false_green_is_what_chance_gives_where_nothing_foretells():
    found = [_by_name(_rows(seed, engaged=0.0, mood=0.0))["false green, fitted weights"].value for seed in range(20)]
    assert abs(np.mean(found) - 70) < 5


def test_the_score_judges_quarters_it_never_saw():
    rows = _rows(3)
    late = rows["at"] >= np.sort(rows["at"].unique())[4]
    shuffled = rows.copy()
    shuffled.loc[late, "left"] = rows.loc[late, "left"].sample(frac=1, random_state=0).to_numpy()
    assert health(rows)[0].model.values.tolist() == health(shuffled)[0].model.values.tolist()


def test_few_departures_are_refused():
    score, (found,) = health(_rows(1).assign(left=False))
    assert score is None
    assert found.verdict == "refused"
