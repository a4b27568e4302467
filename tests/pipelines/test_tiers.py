"""Tiers by capacity and by cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.errors import ConfigError
from pipelines.config import Tiers, settings_from
from pipelines.tiers import tier_limits

PROB = np.random.default_rng(0).beta(1, 9, 5000)


def test_by_capacity_so_many_accounts_are_high_and_medium() -> None:
    limits = tier_limits(PROB, Tiers(high_share=0.05, medium_share=0.3))
    assert (limits.high_prob <= PROB).mean() == pytest.approx(0.05, abs=0.001)
    assert ((limits.medium_prob <= PROB) & (limits.high_prob > PROB)).mean() == pytest.approx(0.3, abs=0.001)


def test_by_cost_a_call_to_a_high_account_pays_and_to_others_does_not() -> None:
    limits = tier_limits(PROB, Tiers(call_cost=40.0, call_saves=200.0))
    is_high = limits.high_prob <= PROB
    assert (PROB[is_high] * 200 >= 40).all()
    assert (PROB[~is_high] * 200 < 40).all()
    assert ((limits.medium_prob <= PROB) & ~is_high).mean() == pytest.approx(0.2, abs=0.001)


def test_where_a_call_never_pays_nobody_is_high() -> None:
    limits = tier_limits(PROB, Tiers(call_cost=300.0, call_saves=200.0))
    assert not (limits.high_prob <= PROB).any()


def test_a_cost_without_what_it_saves_is_refused() -> None:
    with pytest.raises(ConfigError, match="call_cost and call_saves belong together"):
        settings_from({"tiers": {"call_cost": 5}}, Path())
