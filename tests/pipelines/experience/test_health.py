import numpy as np
import pandas as pd

from experiments.benchmarks.experience_engagement import health_quarters
from pipelines.experience.health import health


def _by_name(rows: pd.DataFrame) -> dict:
    return {one.figure: one for one in health(rows)[1]}


def test_fitted_weights_cover_what_was_planted():
    found = [_by_name(health_quarters(seed)) for seed in range(40)]
    for name, truth in (("weight of engaged", -0.9), ("weight of cases", 0.0)):
        assert np.mean([one[name].low - 0.03 <= truth <= one[name].high + 0.03 for one in found]) >= 0.9


def test_an_unknown_mood_is_neither_good_nor_bad_by_decree():
    found = _by_name(health_quarters(1))["weight of mood unknown"]
    assert found.verdict == "found"
    assert found.value > 0


def test_fitted_weights_miss_fewer_leavers_than_equal_ones():
    missed = {"fitted": [], "equal": []}
    for seed in range(20):
        found = _by_name(health_quarters(seed))
        for how in missed:
            missed[how].append(found[f"false green, {how} weights"].value)
    assert np.mean(missed["fitted"]) < np.mean(missed["equal"]) - 5


def test_false_green_is_what_chance_gives_where_nothing_foretells():
    told = [_by_name(health_quarters(seed, engaged=0.0, mood=0.0)) for seed in range(20)]
    found = [one["false green, fitted weights"].value for one in told]
    assert abs(np.mean(found) - 70) < 5


def test_the_score_judges_quarters_it_never_saw():
    rows = health_quarters(3)
    late = rows["at"] >= np.sort(rows["at"].unique())[4]
    shuffled = rows.copy()
    shuffled.loc[late, "left"] = rows.loc[late, "left"].sample(frac=1, random_state=0).to_numpy()
    assert health(rows)[0].model.values.tolist() == health(shuffled)[0].model.values.tolist()


def test_few_departures_are_refused():
    score, (found,) = health(health_quarters(1).assign(left=False))
    assert score is None
    assert found.verdict == "refused"
