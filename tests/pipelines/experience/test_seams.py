import numpy as np
import pandas as pd

from experiments.benchmarks.experience_journeys import seam_answers
from pipelines.experience.seams import ownership, seams

TOUCHPOINTS = pd.DataFrame({"touchpoint": ["desk", "chat", "invoice", "fair"], "owner": ["Ann", "Ann", "Bob", None]})


def test_the_planted_loss_at_seams_lies_within_its_interval():
    held = []
    for seed in range(40):
        found = seams(seam_answers(seed), TOUCHPOINTS)[0]
        held.append(found.low <= -10.0 <= found.high)
        assert found.verdict == "found"
    assert np.mean(held) >= 0.9


def test_no_loss_is_found_where_a_touchpoint_is_only_worse_in_itself():
    found = [seams(seam_answers(seed, seam=0.0), TOUCHPOINTS)[0].verdict for seed in range(40)]
    assert found.count("found") <= 2


def test_each_seam_between_two_owners_is_told():
    found = [one for one in seams(seam_answers(1), TOUCHPOINTS) if one.group_by == "seam"]
    assert {one.group for one in found} == {"Ann -> Bob", "Bob -> Ann"}
    assert all(one.verdict in ("found", "refused") for one in found)


def test_few_changes_of_owner_are_refused():
    (found,) = seams(seam_answers(1, accounts=8), TOUCHPOINTS)
    assert found.verdict == "refused"
    assert "after a change of owner" in found.sentence


def test_touchpoints_nobody_owns_or_nobody_registered_are_found():
    met = pd.DataFrame(
        {"account_id": ["a", "a", "b", "b"], "touchpoint": ["desk", "fair", "invoice", "street"], "n": [5, 3, 1, 1]}
    )
    found = ownership(met, TOUCHPOINTS)
    assert {one.group: one.value for one in found if one.figure == "nobody owns it"} == {"fair": 30.0, "street": 10.0}
    owned = {one.group: one.value for one in found if one.figure == "meetings"}
    assert owned == {"Ann": 50.0, "nobody": 40.0, "Bob": 10.0}


def test_events_without_touchpoints_have_no_owners():
    (found,) = ownership(pd.DataFrame({"account_id": [], "touchpoint": [], "n": []}), TOUCHPOINTS)
    assert found.verdict == "refused"
