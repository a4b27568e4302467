"""What a better experience would save."""

from __future__ import annotations

import numpy as np
import pytest

from features.errors import ConfigError, ModelError
from pipelines.drivers.driver import Driver
from pipelines.drivers.rows import DriverRows
from pipelines.drivers.whatif import amount, what_if


def labels(rows: DriverRows) -> dict[str, np.ndarray]:
    return {"size": np.where(rows.before["employees"] < np.exp(4), "small", "large").astype(object)}


@pytest.mark.parametrize(
    ("text", "unit", "value"), [("8h", "hours", 8), ("2 days", "hours", 48), ("36 h", "days", 1.5), ("0", "count", 0)]
)
def test_amounts_are_read_in_the_units_people_write(text: str, unit: str, value: float) -> None:
    assert amount(text, unit) == value


@pytest.mark.parametrize(("text", "unit"), [("soon", "hours"), ("8 EUR", "hours"), ("8h", "score"), ("", "hours")])
def test_what_is_no_amount_is_refused(text: str, unit: str) -> None:
    with pytest.raises(ConfigError, match="expected an amount in"):
        amount(text, unit)


def test_a_segment_saves_what_its_own_accounts_would(rows: DriverRows, outage: Driver, mail: Driver) -> None:
    drivers, by_size = (outage, mail), labels(rows)
    everyone, small, large = (
        what_if(rows, drivers, outage, 0, labels=by_size, segment=name, seed=0) for name in (None, "small", "large")
    )
    for found in (everyone, small, large):
        effect, saved = found.figures[:2]
        assert effect.low <= 8.0 <= effect.high
        assert saved.value == pytest.approx(effect.value / 100 * saved.n_bad)
    assert small.figures[1].n_bad + large.figures[1].n_bad == everyone.figures[1].n_bad


def test_what_cannot_be_asked_is_said(rows: DriverRows, outage: Driver, mail: Driver) -> None:
    with pytest.raises(ConfigError, match=r"expected 0, since it is there or not"):
        what_if(rows, (outage,), outage, 3, labels={}, segment=None, seed=0)
    with pytest.raises(ConfigError, match="expected one of large, small"):
        what_if(rows, (outage,), outage, 0, labels=labels(rows), segment="huge", seed=0)
    unhappy = Driver("unhappy", rows.features[2], bad=2, good=4)
    with pytest.raises(ConfigError, match="expected above 2, where bad begins"):
        what_if(rows, (unhappy, outage), unhappy, 1, labels={}, segment=None, seed=0)


def test_an_effect_that_cannot_be_told_is_refused_with_the_reason(rows: DriverRows, outage: Driver) -> None:
    few = np.where(np.arange(len(rows.keys)) < 30, "few", "many").astype(object)
    with pytest.raises(ModelError, match="account of segment few"):
        what_if(rows, (outage,), outage, 0, labels={"size": few}, segment="few", seed=0)
