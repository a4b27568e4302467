"""The robustness score says better than the health score who leaves under a shock, where that was planted."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.benchmarks.experience_engagement import struck_quarters
from pipelines.experience.engagement.shock_foretold import AHEAD, _ranking, shock_foretold


def _by_name(spared: float, seed: int) -> dict:
    return {one.figure: one for one in shock_foretold(struck_quarters(seed, spared=spared))}


def test_where_engagement_protects_under_shocks_alone_robustness_is_ahead_of_health():
    found = [_by_name(1.0, seed) for seed in range(8)]
    assert [one[AHEAD].verdict for one in found].count("found") >= 7
    assert all(one[AHEAD].value > 0 for one in found)
    apart = found[0]["robustness score under a shock"].value - found[0]["health score under a shock"].value
    assert found[0][AHEAD].value == pytest.approx(apart)


def test_where_engagement_protects_nobody_neither_is_ahead():
    assert [_by_name(0.0, seed)[AHEAD].verdict for seed in range(8)].count("found") <= 1


def test_the_ranking_is_the_share_of_pairs_in_order():
    rng = np.random.default_rng(0)
    left, risk = rng.random(60) < 0.4, np.round(rng.random(60), 1)
    pairs = [
        (risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j]) for i in np.flatnonzero(left) for j in np.flatnonzero(~left)
    ]
    area, influence = _ranking(left, risk)
    assert area == pytest.approx(np.mean(pairs))
    assert influence.sum() == pytest.approx(0)


def test_few_that_left_under_a_later_shock_are_refused():
    rows = struck_quarters(1)
    is_late = rows["at"] >= rows["at"].quantile(0.6)
    (found,) = shock_foretold(rows.assign(left=rows["left"] & ~(is_late & rows["shocked"])))
    assert found.verdict == "refused"
    assert "0 of" in found.sentence
