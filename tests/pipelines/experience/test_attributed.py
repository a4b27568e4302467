"""Shares of what raises predictions, by domain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.experience.voice.attributed import attributed_shares

DOMAINS = ["service", "product", "price"]


def _attributed(seed: int, n: int = 150, service: float = 0.7) -> pd.DataFrame:
    """Each account's prediction is raised by one domain, which is service for a known share of them."""
    rng = np.random.default_rng(seed)
    domain = np.where(rng.random(n) < service, "service", "product")
    return pd.DataFrame({"account_id": [f"A{i}" for i in range(n)], "domain": domain, "contribution": 1.0})


def test_shares_add_up_to_all():
    rng = np.random.default_rng(0)
    accounts = [f"A{i % 40}" for i in range(200)]
    rows = {"account_id": accounts, "domain": rng.choice(DOMAINS, 200), "contribution": rng.normal(0.2, 1, 200)}
    assert sum(one.value for one in attributed_shares("", pd.DataFrame(rows))) == pytest.approx(100)


def test_the_planted_share_lies_within_its_interval():
    held = []
    for seed in range(150):
        found = next(one for one in attributed_shares("", _attributed(seed)) if one.group == "service")
        held.append(found.low <= 70 <= found.high)
    assert 0.9 <= np.mean(held) <= 0.98


def test_an_account_counts_once_however_high_its_risk():
    rows = _attributed(1, 12)
    rows = rows.assign(domain=["price"] + ["service"] * 11, contribution=[100.0] + [0.1] * 11)
    found = {one.group: one.value for one in attributed_shares("", rows)}
    assert found["price"] == pytest.approx(100 / 12)


def test_what_lowers_a_prediction_is_left_out():
    lowering = _attributed(3).assign(domain="price", contribution=-5.0)
    found = {one.group for one in attributed_shares("", pd.concat([_attributed(3), lowering]))}
    assert found == {"service", "product"}


def test_few_accounts_or_no_champion_are_refused():
    assert [one.verdict for one in attributed_shares("", _attributed(1, n=4))] == ["refused"]
    assert [one.verdict for one in attributed_shares("", None)] == ["refused"]
