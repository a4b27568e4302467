"""Revenue at risk against a simulation, and sums of accounts against a loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.outlook import Outlook, Terms, median_life_days, value_at_risk
from pipelines.prospects import Ahead, prospects

STAYED = np.cumprod(np.array([[0.95] * 12, [0.7] * 12, [0.999] * 12]), axis=1)


def test_revenue_at_risk_is_what_simulated_departures_cost_on_average() -> None:
    rng = np.random.default_rng(0)
    terms = Terms(margin=0.6, discount_rate=0.2, value_days=360)
    revenue = np.array([100.0, 50.0, 10.0])
    mean, sd = value_at_risk(STAYED, revenue, terms)
    for i, hazard in enumerate((0.05, 0.3, 0.001)):
        leaves = rng.geometric(hazard, 200_000) - 1
        paid = 12 * 30 / 365 * 0.6 * revenue[i] * 1.2 ** (-(np.arange(12) + 0.5) * 30 / 365)
        lost = np.append(np.cumsum(paid[::-1])[::-1] - paid / 2, 0.0)[np.minimum(leaves, 12)]
        assert mean[i] == pytest.approx(lost.mean(), rel=0.03, abs=0.02)
        assert sd[i] == pytest.approx(lost.std(), rel=0.03, abs=0.3)


def test_the_median_life_is_where_half_have_left() -> None:
    found = median_life_days(STAYED)
    assert found[1] == pytest.approx(30 * np.log(0.5) / np.log(0.7))
    assert np.isnan(found[2])
    assert np.isnan(found[0])


def test_sums_of_parts_are_those_of_all_accounts() -> None:
    rng = np.random.default_rng(1)
    n = 200
    stayed = np.cumprod(1 - rng.uniform(0, 0.2, (n, 6)), axis=1)
    revenue = np.where(rng.random(n) < 0.2, np.nan, rng.uniform(1, 100, n))
    mean, sd = value_at_risk(stayed, revenue, Terms())
    scores = pd.DataFrame({"needs_segment": rng.choice(["price", "service", None], n)})
    days = np.arange(1, 7) * 30.0

    def ahead(rows: slice) -> Ahead:
        none = np.zeros(n)[rows]
        return Ahead.of(scores[rows], Outlook(days, stayed[rows], {}, none, mean[rows], sd[rows], {}))

    found = prospects([ahead(slice(0, 70)), ahead(slice(70, n))])
    assert [(one.group_by, one.group) for one in found] == [
        ("all", "all"), ("needs", "price"), ("needs", "service"), ("needs", "unknown"),
    ]  # fmt: skip
    whole, known = found[0], ~np.isnan(revenue)
    assert (whole.n_accounts, whole.n_valued) == (n, int(known.sum()))
    assert whole.value_at_risk == pytest.approx(float(mean[known].sum()))
    assert whole.stayed == pytest.approx(stayed.mean(axis=0).tolist())
    price = (scores["needs_segment"] == "price").to_numpy()
    assert found[1].value_at_risk == pytest.approx(float(mean[known & price].sum()))
    assert found[1].stayed == pytest.approx(stayed[price].mean(axis=0).tolist())
    assert whole.low is not None
    assert whole.low < float(mean[known].sum())
