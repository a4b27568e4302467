import numpy as np

from experiments.benchmarks.experience_money import case_year
from pipelines.experience.service_costs import service_costs


def test_the_planted_rate_lies_within_its_interval():
    truth = 100 * (np.exp(-0.12) - 1)
    told = [service_costs(case_year(seed), 50.0)[0] for seed in range(120)]
    held = [found.low <= truth <= found.high for found in told]
    assert 0.9 <= np.mean(held) <= 0.99


def test_no_rate_is_found_where_none_is_planted():
    found = [service_costs(case_year(seed, slope=0.0), 50.0)[0].verdict for seed in range(60)]
    assert found.count("found") <= 3


def test_what_is_saved_is_the_cases_that_do_not_come_times_their_cost():
    year = case_year(1)
    rate, saved = service_costs(year, 50.0)
    assert saved.value == -50.0 * year["cases"].sum() * rate.value / 100
    assert saved.low < saved.value < saved.high


def test_without_a_cost_of_a_case_nothing_is_saved_in_words():
    assert service_costs(case_year(1), None)[1].verdict == "refused"


def test_few_cases_are_refused():
    (found,) = service_costs(case_year(1).assign(cases=0), 50.0)
    assert found.verdict == "refused"
    assert "0 cases" in found.sentence
