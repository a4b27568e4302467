import numpy as np
import pytest

from pipelines.experience.profit_sensitivity import gain_of, lifetime_value, profit_sensitivity


def test_lifetime_value_is_the_sum_of_its_years():
    years = np.arange(2000)
    assert lifetime_value(70.0, 0.83, 0.12) == pytest.approx(float((70.0 * (0.83 / 1.12) ** years).sum()))


def test_the_gain_of_a_point_is_the_closed_form_to_first_order():
    small, retention, discount = 0.001, 0.8, 0.1
    derivative = 1 / (1 + discount - retention)
    assert gain_of(small, retention, discount) == pytest.approx(derivative * small / 100, rel=1e-3)


def test_retention_cannot_rise_beyond_certainty():
    assert gain_of(50, 0.9, 0.1) == gain_of(10, 0.9, 0.1)


def test_the_interval_holds_the_planted_value_of_a_point():
    rng, retention = np.random.default_rng(0), 0.85
    truth = lifetime_value(1e6, 0.86, 0.1) - lifetime_value(1e6, retention, 0.1)
    held = 0
    for _ in range(400):
        found = profit_sensitivity(800, int(rng.binomial(800, 1 - retention)), 1e6)[1]
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_few_accounts_are_refused_in_words():
    (found,) = profit_sensitivity(20, 6, 1e5)
    assert found.verdict == "refused"
    assert "20 accounts a year ago" in found.sentence
