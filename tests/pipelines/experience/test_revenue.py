import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_money import two_years
from pipelines.experience.customer_equity import Kept, customer_equity
from pipelines.experience.net_retention import net_retention
from pipelines.experience.revenue import FLOWS, Between, between, revenue_at

SINCE, UNTIL = pd.Timestamp("2024-01-01"), pd.Timestamp("2025-01-01")


def _subscriptions(rows: list[tuple[str, str, str | None, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["account_id", "start_date", "end_date", "mrr"])
    return frame.assign(start_date=pd.to_datetime(frame["start_date"]), end_date=pd.to_datetime(frame["end_date"]))


EACH_FLOW = _subscriptions(
    [
        ("stays", "2023-01-01", None, 10.0),
        ("goes", "2023-01-01", "2024-06-01", 20.0),
        ("grows", "2023-01-01", "2024-03-01", 30.0),
        ("grows", "2024-03-01", None, 45.0),
        ("shrinks", "2023-01-01", "2024-03-01", 30.0),
        ("shrinks", "2024-03-01", None, 25.0),
        ("comes", "2024-05-01", None, 7.0),
        ("returns", "2022-01-01", "2023-01-01", 5.0),
        ("returns", "2024-02-01", None, 6.0),
        ("in between", "2024-02-01", "2024-04-01", 99.0),
    ]
)


def test_each_account_is_in_the_flow_that_changed_what_it_pays():
    flows = between(EACH_FLOW, SINCE, UNTIL)
    assert {name: flows.flow(name) for name in FLOWS} == {
        "lost": -20.0, "contraction": -5.0, "expansion": 15.0, "new": 7.0, "returned": 6.0,
    }  # fmt: skip


def test_a_subscription_is_not_served_on_its_last_day():
    assert "goes" not in revenue_at(EACH_FLOW, pd.Timestamp("2024-06-01"))


def test_opening_and_flows_make_the_closing_equity():
    found = customer_equity(between(EACH_FLOW, SINCE, UNTIL), Kept(100, 85), Kept(120, 110), margin=0.7)
    lines = {one.figure: one.value for one in found}
    flows = sum(value for name, value in lines.items() if not name.endswith("equity"))
    assert lines["opening equity"] + flows == pytest.approx(lines["closing equity"], rel=1e-12)
    assert lines["closing equity"] == pytest.approx(93.0 * 12 * 0.7 * 1.1 / (1.1 - 110 / 120))


def test_equity_by_the_retention_of_few_accounts_is_refused():
    (found,) = customer_equity(between(EACH_FLOW, SINCE, UNTIL), Kept(4, 3), Kept(120, 110))
    assert found.verdict == "refused"
    assert "4 and 120 accounts" in found.sentence


def test_planted_net_retention_lies_within_its_interval():
    told = [net_retention(two_years(seed)[0])[0] for seed in range(200)]
    held = [found.low <= 100 * 0.9 * 1.03 <= found.high for found in told]
    assert 0.9 <= np.mean(held) <= 0.98


def test_the_year_ahead_falls_within_the_forecast():
    held = []
    for seed in range(200):
        past, ahead = two_years(seed)
        forecast = net_retention(past)[2]
        came = 100 * ahead.closing / ahead.opening
        held.append(forecast.low <= came <= forecast.high)
    assert 0.9 <= np.mean(held) <= 0.99


def test_gross_retention_leaves_out_what_accounts_pay_more():
    paid = pd.DataFrame({"opening": [10.0] * 60, "closing": [15.0] * 30 + [5.0] * 30})
    net, gross, _ = net_retention(Between(paid))
    assert (net.value, gross.value) == (100.0, 75.0)


def test_a_forecast_that_rests_on_one_account_is_refused():
    paid = np.array([1e6] + [1.0] * 60)
    found = net_retention(Between(pd.DataFrame({"opening": paid, "closing": paid})))[2]
    assert found.verdict == "refused"
    assert "the largest with 100 % of revenue" in found.sentence


def test_few_accounts_have_no_net_retention():
    (found,) = net_retention(Between(pd.DataFrame({"opening": [1.0] * 9, "closing": [1.0] * 9})))
    assert found.verdict == "refused"
