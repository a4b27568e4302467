import numpy as np
import pandas as pd
import pytest

from pipelines.experience.revenue_at_risk import calibration, revenue_at_risk


def _scores(rng: np.random.Generator, n: int = 800) -> pd.DataFrame:
    return pd.DataFrame({"churn_prob": rng.beta(1, 9, n), "mrr": np.exp(rng.normal(5, 0.8, n))})


def test_it_is_the_sum_of_probability_times_what_is_paid_a_year():
    found = revenue_at_risk(pd.DataFrame({"churn_prob": [0.1, 0.3] * 10, "mrr": [100.0, 10.0] * 10}), None)
    assert found[0].value == pytest.approx(10 * 12 * (10 + 3))
    assert found[1].value == pytest.approx(100 * 13 / 110)


def test_what_is_lost_falls_within_the_interval():
    held = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        scores = _scores(rng)
        lost = 12 * scores["mrr"][rng.random(len(scores)) < scores["churn_prob"]].sum()
        found = revenue_at_risk(scores, None)[0]
        held.append(found.low <= lost <= found.high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_the_error_of_the_level_is_part_of_the_interval():
    """The level of all probabilities is learnt from held-out accounts: what they miss, the accounts ahead miss too."""
    held = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        true = _scores(rng)
        level = 1 + 0.1 * rng.standard_normal()
        told = true.assign(churn_prob=true["churn_prob"] / max(level, 0.5))
        lost = 12 * true["mrr"][rng.random(len(true)) < true["churn_prob"]].sum()
        found = revenue_at_risk(told, (1.0, 0.1))[0]
        held.append(found.low <= lost <= found.high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_calibration_tells_by_how_much_the_level_is_off():
    rng = np.random.default_rng(1)
    prob, revenue = rng.uniform(0.05, 0.3, 20_000), np.exp(rng.normal(0, 0.5, 20_000))
    ratio, error = calibration(prob, revenue, (rng.random(20_000) < 1.2 * prob).astype(float))
    assert abs(ratio - 1.2) < 3 * error
    assert error < 0.05


def test_accounts_without_revenue_are_counted_in_words():
    scores = pd.DataFrame({"churn_prob": [0.1] * 12, "mrr": [5.0] * 10 + [np.nan] * 2})
    assert "2 accounts whose revenue is not known" in revenue_at_risk(scores, None)[0].sentence


def test_few_accounts_are_refused():
    (found,) = revenue_at_risk(pd.DataFrame({"churn_prob": [0.1], "mrr": [5.0]}), None)
    assert found.verdict == "refused"
