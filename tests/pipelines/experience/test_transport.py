import numpy as np
import pandas as pd

from pipelines.experience.transport import transported

World = tuple[pd.DataFrame, pd.DataFrame, float]


def _world(seed: int, *, shift: float = 1.0, panel: int = 500, field: int = 3000) -> World:
    """A treatment lowers churn by 4 points, and by 6 more for each unit of engagement; the panel is more engaged."""
    rng = np.random.default_rng(seed)
    own = rng.normal(shift, 1.0, panel)
    other = rng.normal(0.0, 1.0, field)
    treated = rng.random(panel) < 0.5
    effect = np.clip(-0.04 - 0.06 * own, -0.25, 0.2)
    outcome = rng.random(panel) < np.clip(0.3 + 0.02 * own + effect * treated, 0, 1)
    rows = pd.DataFrame({"engaged": own, "treated": treated.astype(int), "outcome": outcome.astype(int)})
    return rows, pd.DataFrame({"engaged": other}), 100 * float(np.clip(-0.04 - 0.06 * other, -0.25, 0.2).mean())


def test_the_transported_effect_covers_the_truth_where_the_panels_own_does_not():
    naive, carried = [], []
    for seed in range(80):
        panel, field, truth = _world(seed)
        one, other = transported(panel, field, ["engaged"])
        naive.append(abs(one.value - truth))
        carried.append(other.low <= truth <= other.high)
    assert np.mean(carried) >= 0.9
    assert np.mean(naive) > 4.0


def test_a_panel_unlike_the_field_is_refused():
    panel, field, _ = _world(1, shift=5.0)
    one, other = transported(panel, field, ["engaged"])
    assert one.verdict != "refused"
    assert other.verdict == "refused"
    assert "not supported" in other.sentence


def test_a_panel_drawn_from_the_field_keeps_its_effect():
    panel, field, _ = _world(2, shift=0.0)
    one, other = transported(panel, field, ["engaged"])
    assert abs(one.value - other.value) < 2.0


def test_a_small_panel_is_refused():
    panel, field, _ = _world(3, panel=30)
    (found,) = transported(panel, field, ["engaged"])
    assert found.verdict == "refused"
    assert "3000 in the field" in found.sentence
