"""Accounts are drawn by what they are called, not by where their rows lie."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipelines.account_draw import _mixed, drawn

IDS = [f"A{i:06d}" for i in range(50_000)]


def test_the_mixing_is_the_published_one() -> None:
    # The first two numbers of SplitMix64 from state 0, as in Vigna's reference implementation.
    states = np.array([0, 0x9E3779B97F4A7C15], dtype=np.uint64)
    assert [hex(x) for x in _mixed(states).tolist()] == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4"]


def test_an_account_has_the_same_number_wherever_it_stands() -> None:
    backwards = drawn(IDS[::-1], seed=3)[::-1]
    np.testing.assert_array_equal(drawn(IDS, seed=3), backwards)
    np.testing.assert_array_equal(drawn(pa.array(IDS), seed=3), backwards)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_ids_that_follow_each_other_are_drawn_in_proportion(share: float) -> None:
    taken = drawn(IDS, seed=0) < share
    error = np.sqrt(share * (1 - share) / len(IDS))
    assert abs(taken.mean() - share) < 3 * error
    assert abs(taken[::2].mean() - share) < 3 * np.sqrt(2) * error


def test_another_seed_draws_others() -> None:
    numbers = [drawn(IDS, seed=seed) for seed in (0, 1, 2)]
    assert np.abs(np.corrcoef(numbers) - np.eye(3)).max() < 0.02
