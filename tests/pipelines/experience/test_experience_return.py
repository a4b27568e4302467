import numpy as np
import pytest

from experiments.benchmarks.experience_money import investment_world
from pipelines.experience.experience_return import Investment, decision, experience_return


def test_deciding_by_it_regrets_less_than_always_or_never_treating():
    regrets = {"policy": 0.0, "always": 0.0, "never": 0.0}
    for seed in range(400):
        gain, measured = investment_world(seed)
        says = experience_return(measured, seed=seed)[0].sentence.split(":")[0]
        # A test treats a tenth of the accounts first, and then does what is right.
        taken = {"go": 1.0, "no": 0.0, "test": 1.0 if gain > 0 else 0.1}[says]
        best = max(gain, 0.0)
        regrets["policy"] += best - taken * gain
        regrets["always"] += best - gain
        regrets["never"] += best
    assert regrets["policy"] < 0.5 * min(regrets["always"], regrets["never"])


def test_the_probability_of_a_loss_is_that_of_the_normal_draws():
    found = experience_return(Investment(100, 10.0, 1.0, 1.0, 2000.0))
    from scipy.stats import norm

    assert found[2].value == pytest.approx(100 * norm.cdf((0.5 - 1.0) / 1.0), abs=1.0)
    assert found[0].value == pytest.approx(100 * (0.01 * 2000 - 10))


@pytest.mark.parametrize(("points", "said"), [(5.0, "go"), (-2.0, "no"), (0.6, "test")])
def test_a_sure_gain_is_a_go_and_a_sure_loss_a_no(points, said):
    assert experience_return(Investment(100, 10.0, points, 0.5, 2000.0))[0].sentence.startswith(said)


def test_an_effect_that_is_not_known_is_refused():
    (found,) = experience_return(Investment(100, 10.0, np.nan, 0.5, 2000.0))
    assert found.verdict == "refused"
    assert "find the effect first" in found.sentence


def test_decisions_change_at_a_tenth():
    assert [decision(prob) for prob in (0.1, 0.11, 0.89, 0.9)] == ["go", "test", "test", "no"]
