import numpy as np
import pandas as pd
import pytest

from pipelines.experience.journey_differences import journey_differences
from pipelines.experience.journey_map import journey_figures, journey_map

PLACES = ("sales", "onboarding", "support", "renewal")
USUAL = np.array([[0.0, 0.8, 0.1, 0.1], [0.1, 0.2, 0.5, 0.2], [0.1, 0.1, 0.4, 0.4], [0.2, 0.1, 0.4, 0.3]])


def _walks(rng: np.random.Generator, ways: np.ndarray, names: list[str], steps: int = 12) -> list[tuple]:
    rows = []
    for name in names:
        at = 0
        # Accounts differ in how long their journeys are: their moves are no independent draws.
        for _ in range(rng.integers(3, 2 * steps)):
            to = int(rng.choice(len(PLACES), p=ways[at]))
            rows.append((name, PLACES[at], PLACES[to], 1, float(rng.exponential(5.0))))
            at = to
    return rows


def _moves(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["account_id", "source", "target", "n", "wait_days"])
    return frame.groupby(["account_id", "source", "target"], as_index=False)[["n", "wait_days"]].sum()


def _segmented(seed: int, other: np.ndarray, n: int = 150) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    names = {kind: [f"{kind}{place}" for place in range(n)] for kind in "ab"}
    moves = _moves(_walks(rng, USUAL, names["a"]) + _walks(rng, other, names["b"]))
    return moves, pd.Series({name: kind for kind in names for name in names[kind]})


def test_probabilities_and_waits_of_a_journey_by_hand():
    rows = [(f"A{i}", "sales", "support" if i < 15 else "renewal", 1, 3.0 if i < 15 else 8.0) for i in range(25)]
    links = journey_map(_moves(rows)).links.set_index(["source", "target"])
    assert links.loc[("sales", "support"), ["prob", "wait_days", "n", "n_accounts"]].tolist() == [0.6, 3.0, 15, 15]
    # Wilson's interval would be 0.407 to 0.766; on the scale of log-odds it is nearly that.
    assert links.loc[("sales", "support"), "low"] == pytest.approx(0.40, abs=0.02)


def test_loops_are_kept():
    rows = [(f"A{i}", "support", "support", 2, 10.0) for i in range(12)]
    assert journey_map(_moves(rows)).links[["source", "target"]].values.tolist() == [["support", "support"]]


def test_planted_probabilities_lie_within_their_intervals():
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        links = journey_map(_moves(_walks(rng, USUAL, [f"A{i}" for i in range(120)]))).links
        for link in links.itertuples():
            held.append(link.low <= USUAL[PLACES.index(link.source), PLACES.index(link.target)] <= link.high)
    assert 0.93 <= np.mean(held) <= 0.97


def test_ways_of_few_accounts_are_hidden_and_counted():
    rows = [(f"A{i}", "sales", "support", 1, 3.0) for i in range(12)] + [("A0", "support", "renewal", 40, 1.0)]
    found = journey_map(_moves(rows))
    assert found.n_hidden == 1
    assert len(found.links) == 1


def test_a_journey_nobody_made_is_refused():
    (found,) = journey_figures(journey_map(_moves([("A", "sales", "support", 1, 3.0)])))
    assert found.verdict == "refused"
    assert "1 accounts" in found.sentence


def test_a_segments_own_way_is_found():
    other = USUAL.copy()
    other[2] = [0.1, 0.4, 0.3, 0.2]
    found = [journey_differences(*_segmented(seed, other), group_by="needs") for seed in range(8)]
    ways = [{one.figure for one in each if one.verdict == "found"} for each in found]
    assert all("support -> onboarding" in each for each in ways)


def test_false_discoveries_are_held_where_segments_go_the_same_ways():
    found = [journey_differences(*_segmented(seed, USUAL), group_by="needs")[-1].verdict for seed in range(40)]
    assert found.count("found") <= 4


def test_one_segment_has_nothing_to_differ_from():
    moves, segments = _segmented(0, USUAL, n=40)
    (found,) = journey_differences(moves, segments[segments == "a"], group_by="needs")
    assert found.verdict == "refused"
    assert "1 segments" in found.sentence
