import numpy as np
import pandas as pd
import pytest

from pipelines.experience.reason_shares import reason_shares

NOTHING = pd.DataFrame({"account_id": pd.Series(dtype=str), "domain": pd.Series(dtype=str), "contribution": 0.0})


def _stated(seed: int, n: int = 150, service: float = 0.7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    domain = np.where(rng.random(n) < service, "service", "product")
    return pd.DataFrame({"account_id": [f"A{i}" for i in range(n)], "domain": domain})


def test_shares_of_each_way_add_up_to_one():
    rng = np.random.default_rng(0)
    attributed = pd.DataFrame(
        {"account_id": [f"A{i % 40}" for i in range(200)], "domain": rng.choice(["service", "product", "price"], 200),
         "contribution": rng.normal(0.2, 1, 200)}
    )  # fmt: skip
    found = pd.DataFrame([(one.figure, one.value) for one in reason_shares(_stated(1), attributed)])
    assert found.groupby(0)[1].sum().round(9).to_dict() == {"share, attributed": 100.0, "share, stated": 100.0}


def test_the_planted_share_lies_within_its_interval():
    held = []
    for seed in range(150):
        found = next(one for one in reason_shares(_stated(seed), NOTHING) if one.group == "service")
        held.append(found.low <= 70 <= found.high)
    assert 0.9 <= np.mean(held) <= 0.98


def test_an_account_with_several_reasons_counts_once():
    stated = pd.DataFrame({"account_id": ["a"] * 9 + list("bcdefghijk"), "domain": ["price"] * 9 + ["service"] * 10})
    found = {one.group: one.value for one in reason_shares(stated, NOTHING) if one.figure == "share, stated"}
    assert found["price"] == pytest.approx(100 / 11)


def test_what_is_attributed_is_predicted_and_what_is_stated_counted():
    attributed = _stated(2).assign(contribution=1.0)
    found = {one.figure: one.basis for one in reason_shares(_stated(1), attributed)}
    assert found == {"share, stated": "counted", "share, attributed": "predicted"}


def test_few_accounts_with_a_reason_are_refused():
    assert {one.verdict for one in reason_shares(_stated(1, n=4), NOTHING)} == {"refused"}
