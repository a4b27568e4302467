import numpy as np
import pandas as pd

from experiments.benchmarks.experience_engagement import shocked_quarters
from pipelines.experience.robustness import robustness, robustness_scores

MULTIPLIED = "spared by engagement, multiplied"


def _by_name(rows: pd.DataFrame) -> dict:
    return {(one.figure, one.group): one for one in robustness(rows)}


def test_planted_moderation_lies_within_its_interval():
    found = [_by_name(shocked_quarters(seed))[MULTIPLIED, "all"] for seed in range(30)]
    assert np.mean([one.low <= 0.6 <= one.high for one in found]) >= 0.9
    assert np.mean([one.verdict == "found" for one in found]) >= 0.9


def test_no_moderation_is_found_where_none_is_planted():
    found = [_by_name(shocked_quarters(seed, spared=0.0))[MULTIPLIED, "all"] for seed in range(30)]
    assert [one.verdict for one in found].count("found") <= 1
    assert np.mean([one.low <= 0 <= one.high for one in found]) >= 0.9


def test_fewer_leave_after_a_shock_where_engagement_spares_by_points():
    """The same multiplication spares points too, where engaged accounts leave less anyway: the two scales differ."""
    found = _by_name(shocked_quarters(1, spared=0.0))
    assert found["spared by engagement", "all"].value > 0
    assert found[MULTIPLIED, "all"].verdict == "none found"


def test_the_curve_rises_with_engagement_where_it_protects():
    found = _by_name(shocked_quarters(1))
    stays = [found["stays under a shock", level].value for level in ("low", "middle", "high")]
    assert stays == sorted(stays)
    assert stays[2] - stays[0] > 5


def test_the_score_is_the_retention_under_a_shock_that_was_planted():
    rows = shocked_quarters(2, accounts=3000)
    now = pd.DataFrame({"account_id": ["low", "high"], "engaged": rows["engaged"].quantile([0.1, 0.9]).to_numpy()})
    scores = robustness_scores(rows, now)["robustness"]
    z = (now["engaged"] - rows["engaged"].mean()) / rows["engaged"].std()
    truth = 1 / (1 + np.exp(-3.0 - 0.3 * z + 1.2 - 0.6 * z))
    assert np.abs(scores - truth).max() < 0.04


def test_few_departures_after_a_shock_are_refused():
    rows = shocked_quarters(1)
    (found,) = robustness(rows.assign(left=rows["left"] & ~rows["shocked"]))
    assert found.verdict == "refused"
    assert "0 accounts left after a shock" in found.sentence
