import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_journeys import OTHER, PLACES, USUAL, moves_of, segmented_walks, walks
from pipelines.experience.journey_differences import journey_differences
from pipelines.experience.journey_map import journey_figures, journey_map


def test_probabilities_and_waits_of_a_journey_by_hand():
    rows = [(f"A{i}", "sales", "support" if i < 15 else "renewal", 1, 3.0 if i < 15 else 8.0) for i in range(25)]
    links = journey_map(moves_of(rows)).links.set_index(["source", "target"])
    assert links.loc[("sales", "support"), ["prob", "wait_days", "n", "n_accounts"]].tolist() == [0.6, 3.0, 15, 15]
    # Wilson's interval would be 0.407 to 0.766; on the scale of log-odds it is nearly that.
    assert links.loc[("sales", "support"), "low"] == pytest.approx(0.40, abs=0.02)


def test_loops_are_kept():
    rows = [(f"A{i}", "support", "support", 2, 10.0) for i in range(12)]
    assert journey_map(moves_of(rows)).links[["source", "target"]].values.tolist() == [["support", "support"]]


def test_planted_probabilities_lie_within_their_intervals():
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        links = journey_map(moves_of(walks(rng, USUAL, [f"A{i}" for i in range(120)]))).links
        for link in links.itertuples():
            held.append(link.low <= USUAL[PLACES.index(link.source), PLACES.index(link.target)] <= link.high)
    assert 0.93 <= np.mean(held) <= 0.97


def test_ways_of_few_accounts_are_hidden_and_counted():
    rows = [(f"A{i}", "sales", "support", 1, 3.0) for i in range(12)] + [("A0", "support", "renewal", 40, 1.0)]
    found = journey_map(moves_of(rows))
    assert found.n_hidden == 1
    assert len(found.links) == 1


def test_a_journey_nobody_made_is_refused():
    (found,) = journey_figures(journey_map(moves_of([("A", "sales", "support", 1, 3.0)])))
    assert found.verdict == "refused"
    assert "1 accounts" in found.sentence


def test_tables_without_touchpoints_have_an_empty_map():
    nobody = pd.DataFrame(columns=["account_id", "source", "target", "n", "wait_days"])
    found = journey_map(nobody)
    assert found.links.empty
    assert next(journey_figures(found)).verdict == "refused"


def test_a_segments_own_way_is_found():
    found = [journey_differences(*segmented_walks(seed, OTHER), group_by="needs") for seed in range(8)]
    ways = [{one.figure for one in each if one.verdict == "found"} for each in found]
    assert all("support -> onboarding" in each for each in ways)


def test_false_discoveries_are_held_where_segments_go_the_same_ways():
    found = [journey_differences(*segmented_walks(seed, USUAL), group_by="needs")[-1].verdict for seed in range(40)]
    assert found.count("found") <= 4


def test_one_segment_has_nothing_to_differ_from():
    moves, segments = segmented_walks(0, USUAL, n=40)
    (found,) = journey_differences(moves, segments[segments == "a"], group_by="needs")
    assert found.verdict == "refused"
    assert "1 segments" in found.sentence
