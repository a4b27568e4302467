import numpy as np
import pandas as pd

from pipelines.experience.touchpoint_lists import touchpoint_lists

UNTIL = pd.Timestamp("2025-01-01")
TOUCHPOINTS = pd.DataFrame({"touchpoint": ["desk", "training", "portal"], "owner": ["Ann", "Bob", None]})


def _world(seed: int, *, leaves: float = 0.2, grows: float = 0.4, n: int = 1500) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A bad answer at the desk adds `leaves` to churn, training adds to growth, the portal is only bad for many."""
    rng = np.random.default_rng(seed)
    scores = {
        "desk": np.clip(rng.normal(0.6, 0.2, n), 0, 1),
        "training": np.clip(rng.normal(0.7, 0.12, n), 0, 1),
        "portal": np.clip(rng.normal(0.35, 0.2, n), 0, 1),
    }
    has_left = rng.random(n) < 0.1 + leaves * (scores["desk"] < 0.375)
    opening = np.exp(rng.normal(6, 0.5, n))
    closing = np.where(has_left, 0, opening * (1 + grows * (scores["training"] - 0.7) + 0.1 * rng.standard_normal(n)))
    ids = [f"A{i}" for i in range(n)]
    year = pd.DataFrame(
        {"account_id": ids, "opening": opening, "closing": closing, "has_left": has_left,
         "tenure_days": rng.uniform(0, 900, n)}
    )  # fmt: skip
    answers = [
        pd.DataFrame({"account_id": ids, "touchpoint": place, "score": score, "answered_at": pd.Timestamp(at)})
        for place, score in scores.items()
        for at in ("2023-11-01", "2024-11-01")
    ]
    return pd.concat(answers, ignore_index=True).assign(metric="csat"), year


def _found(seed: int, **planted) -> dict:
    answers, year = _world(seed, **planted)
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
    answers, year = _world(1)
    found = touchpoint_lists(answers[answers["account_id"].isin(["A1", "A2"])], year, TOUCHPOINTS, UNTIL)
    assert {one.verdict for one in found} == {"refused"}
