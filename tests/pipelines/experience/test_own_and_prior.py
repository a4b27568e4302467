import numpy as np
import pytest

from pipelines.experience.found import Found
from pipelines.experience.own_and_prior import Prior, drawn_to_prior, drawn_together

NPS_STUDY = Prior(100.0, 30.0, "a study")


def _own(value: float, error: float) -> Found:
    return Found("value", "a point", value, value - 1.959963984540054 * error, value + 1.959963984540054 * error)


@pytest.mark.parametrize(("n", "share"), [(10, "50 % yours"), (90, "90 % yours"), (100_000, "100 % yours")])
def test_the_weight_of_own_data_grows_with_it(n, share):
    assert share in drawn_to_prior(_own(10.0, 30.0 * np.sqrt(10 / n)), NPS_STUDY).sentence


def test_the_two_precisions_add_up():
    found = drawn_to_prior(_own(10.0, 15.0), NPS_STUDY)
    error = (found.high - found.low) / (2 * 1.959963984540054)
    assert 1 / error**2 == pytest.approx(1 / 15**2 + 1 / 30**2)


def test_a_refused_figure_is_the_prior_and_assumed():
    found = drawn_to_prior(Found.refused("value", "a point", "3 promoters"), NPS_STUDY)
    assert (found.value, found.basis) == (100.0, "assumed")
    assert "0 % yours: 3 promoters" in found.sentence


def test_segments_drawn_together_are_nearer_the_truth_than_alone():
    alone, together = [], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        truth = 50 + 5 * rng.standard_normal(8)
        own = [_own(value, 10.0) for value in truth + 10 * rng.standard_normal(8)]
        alone.append(np.mean([(one.value - true) ** 2 for one, true in zip(own, truth, strict=True)]))
        drawn = drawn_together(own)
        together.append(np.mean([(one.value - true) ** 2 for one, true in zip(drawn, truth, strict=True)]))
    assert np.mean(together) < 0.6 * np.mean(alone)


def test_two_segments_are_too_few_to_learn_from():
    own = (_own(1.0, 1.0), _own(5.0, 1.0))
    assert drawn_together(own) == own
