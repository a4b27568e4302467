import numpy as np
import pandas as pd

from experiments.benchmarks.experience_engagement import panel_world
from pipelines.experience.transport import transported

World = tuple[pd.DataFrame, pd.DataFrame, float]


def test_the_transported_effect_covers_the_truth_where_the_panels_own_does_not():
    naive, carried = [], []
    for seed in range(80):
        panel, field, truth = panel_world(seed)
        one, other = transported(panel, field, ["engaged"])
        naive.append(abs(one.value - truth))
        carried.append(other.low <= truth <= other.high)
    assert np.mean(carried) >= 0.9
    assert np.mean(naive) > 4.0


def test_a_panel_unlike_the_field_is_refused():
    panel, field, _ = panel_world(1, shift=5.0)
    one, other = transported(panel, field, ["engaged"])
    assert one.verdict != "refused"
    assert other.verdict == "refused"
    assert "not supported" in other.sentence


def test_a_panel_drawn_from_the_field_keeps_its_effect():
    panel, field, _ = panel_world(2, shift=0.0)
    one, other = transported(panel, field, ["engaged"])
    assert abs(one.value - other.value) < 2.0


def test_a_small_panel_is_refused():
    panel, field, _ = panel_world(3, panel=30)
    (found,) = transported(panel, field, ["engaged"])
    assert found.verdict == "refused"
    assert "3000 in the field" in found.sentence
