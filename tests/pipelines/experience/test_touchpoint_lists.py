import numpy as np
import pandas as pd

from experiments.benchmarks.experience_journeys import touchpoint_world
from pipelines.experience.touchpoint_lists import touchpoint_lists

UNTIL = pd.Timestamp("2025-01-01")
TOUCHPOINTS = pd.DataFrame({"touchpoint": ["desk", "training", "portal"], "owner": ["Ann", "Bob", None]})


def _found(seed: int, **planted) -> dict:
    answers, year = touchpoint_world(seed, **planted)
    return {(one.figure, one.group): one for one in touchpoint_lists(answers, year, TOUCHPOINTS, UNTIL)}


def test_each_planted_touchpoint_lands_in_its_own_list():
    right = 0
    for seed in range(20):
        found = _found(seed)
        certain = {key for key, one in found.items() if one.verdict == "found"}
        moments, influences = (
            {place for name, place in certain if name == wanted} for wanted in ("moment of truth", "point of influence")
        )
        worst = max((one.value, place) for (name, place), one in found.items() if name == "pain point")[1]
        right += (moments, influences, worst) == ({"desk"}, {"training"}, "portal")
    assert right >= 18


def test_planted_effects_lie_within_their_intervals():
    held = []
    for seed in range(60):
        found = _found(seed)
        moment, influence = found["moment of truth", "desk"], found["point of influence", "training"]
        held += [moment.low <= 0.2 * 1000 * moment.n / 1500 <= moment.high, influence.low <= 4.0 <= influence.high]
    assert 0.9 <= np.mean(held) <= 0.99


def test_nothing_is_found_where_nothing_is_planted():
    found = [_found(seed, leaves=0.0, grows=0.0) for seed in range(20)]
    false = [one.verdict == "found" for each in found for (name, _), one in each.items() if name != "pain point"]
    assert np.mean(false) <= 0.05


def test_a_list_says_whether_anyone_answers_for_a_pain():
    found = _found(1)
    assert "nobody owns it" in found["pain point", "portal"].sentence
    assert "Ann answers for it" in found["pain point", "desk"].sentence


def test_few_answers_are_refused_in_each_list():
    answers, year = touchpoint_world(1)
    found = touchpoint_lists(answers[answers["account_id"].isin(["A1", "A2"])], year, TOUCHPOINTS, UNTIL)
    assert {one.verdict for one in found} == {"refused"}
