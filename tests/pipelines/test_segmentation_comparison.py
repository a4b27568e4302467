"""Which segmentation tells most: planted answers, none, and too little to tell."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.segmentation.comparison import compare

N = 1500
RNG = np.random.default_rng(4)
NEEDS, BEHAVIOUR = RNG.integers(3, size=N), RNG.integers(2, size=N)
EVERYONE = np.zeros(N, dtype=int)
EACH = np.arange(N)


def test_the_share_told_is_that_of_the_variance_and_the_most_telling_comes_first() -> None:
    y = np.array([0.0, 1.0, 2.0])[NEEDS] + 0.3 * BEHAVIOUR + RNG.normal(size=N)
    found = compare("revenue", y, {"behavioural": BEHAVIOUR, "needs": NEEDS, "firmographic": EVERYONE}, EACH, seed=0)
    assert [one.segmentation for one in found.told] == ["needs", "behavioural"]
    best = found.told[0]
    variance = 2 / 3 + 0.09 / 4 + 1
    assert best.share == pytest.approx((2 / 3) / variance, abs=0.03)
    assert best.low < (2 / 3) / variance < best.high
    assert best.n_segments == 3
    assert "needs segments tell" in found.sentence
    assert "most of all" in found.sentence


def test_segments_that_tell_nothing_are_said_to_tell_nothing() -> None:
    churned = (RNG.random(N) < 0.1).astype(float)
    found = compare("churn", churned, {"behavioural": BEHAVIOUR, "needs": NEEDS}, EACH, seed=0)
    assert found.sentence.startswith("no segmentation tells anything of it beyond doubt")
    assert max(one.share for one in found.told) < 0.01


def test_two_that_tell_alike_cannot_be_told_apart() -> None:
    y = NEEDS + RNG.normal(size=N)
    found = compare("revenue", y, {"one": NEEDS, "other": (NEEDS + 1) % 3}, EACH, seed=0)
    assert found.sentence.startswith("cannot be told apart: ")


def test_all_are_compared_on_the_accounts_known_to_each() -> None:
    unknown = np.where(np.arange(N) < 500, -1, NEEDS)
    y = np.where(np.arange(N) % 10 == 0, np.nan, RNG.normal(size=N))
    assert compare("revenue", y, {"needs": unknown, "behavioural": BEHAVIOUR}, EACH, seed=0).n == 900


def test_too_few_accounts_are_too_few() -> None:
    y = np.where(np.arange(N) < 99, 1.0, np.nan)
    assert (
        compare("x", y, {"needs": NEEDS}, EACH, seed=0).sentence
        == "cannot be told: 99 accounts are known in full (at least 100)"
    )
    assert compare("x", y, {"needs": EVERYONE}, EACH, seed=0).sentence.startswith("nothing to compare")
    assert compare("x", np.ones(N), {"needs": NEEDS}, EACH, seed=0).sentence.endswith("the same for all accounts")


def test_rows_of_an_account_count_as_one() -> None:
    y = NEEDS + RNG.normal(size=N)
    once = compare("revenue", y, {"needs": NEEDS}, EACH, seed=0)
    twice = compare("revenue", np.tile(y, 2), {"needs": np.tile(NEEDS, 2)}, np.tile(EACH, 2), seed=0)
    assert twice.n == once.n
    one, other = once.told[0], twice.told[0]
    assert (other.share, other.low, other.high) == pytest.approx((one.share, one.low, one.high))
