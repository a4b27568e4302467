import numpy as np
import pandas as pd

from pipelines.experience.service_costs import service_costs


def _year(seed: int, slope: float = -0.12, n: int = 800) -> pd.DataFrame:
    """Cases go down by `slope` (logarithm) for each point of score, and spread more than chance alone."""
    rng = np.random.default_rng(seed)
    score = np.clip(np.round(7 + 2 * rng.standard_normal(n)), 0, 10)
    opening = np.exp(rng.normal(6, 1, n))
    rate = np.exp(0.8 + slope * (score - 7) + 0.2 * (np.log(opening) - 6)) * rng.gamma(2.0, 0.5, n)
    return pd.DataFrame(
        {"score": score, "opening": opening, "tenure_days": rng.uniform(0, 900, n), "survey_type": "periodic",
         "cases": rng.poisson(rate)}
    )  # fmt: skip


def test_the_planted_rate_lies_within_its_interval():
    truth = 100 * (np.exp(-0.12) - 1)
    held = [found.low <= truth <= found.high for found in (service_costs(_year(seed), 50.0)[0] for seed in range(120))]
    assert 0.9 <= np.mean(held) <= 0.99


def test_no_rate_is_found_where_none_is_planted():
    found = [service_costs(_year(seed, slope=0.0), 50.0)[0].verdict for seed in range(60)]
    assert found.count("found") <= 3


def test_what_is_saved_is_the_cases_that_do_not_come_times_their_cost():
    year = _year(1)
    rate, saved = service_costs(year, 50.0)
    assert saved.value == -50.0 * year["cases"].sum() * rate.value / 100
    assert saved.low < saved.value < saved.high


def test_without_a_cost_of_a_case_nothing_is_saved_in_words():
    assert service_costs(_year(1), None)[1].verdict == "refused"


def test_few_cases_are_refused():
    (found,) = service_costs(_year(1).assign(cases=0), 50.0)
    assert found.verdict == "refused"
    assert "0 cases" in found.sentence
