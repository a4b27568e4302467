"""What settings say money is, and whether making a driver good pays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError
from pipelines.config import Value
from pipelines.experience.found import Found
from pipelines.investing import returns_of
from pipelines.programme import value_terms

EQUITY = (Found("customer equity", "closing equity", 5_000_000.0, n_accounts=1000),)


def _drivers(effect: float) -> pd.DataFrame:
    shared = {"driver": "outage", "group_by": "all", "verdict_sentence": "an outage", "n_bad": 150}
    return pd.DataFrame(
        [
            shared | {"figure": "effect", "value": effect, "low": effect - 1.0, "high": effect + 1.0},
            shared | {"figure": "share bad", "value": 20.0, "low": np.nan, "high": np.nan},
        ]
    )


def test_an_investment_is_the_effect_times_what_an_account_is_worth_less_its_cost():
    net = next(iter(returns_of(EQUITY, _drivers(4.0), "outage", 50.0)))
    assert net.value == pytest.approx(200 * (0.04 * 5000 - 50))
    assert net.sentence.startswith("go")
    assert net.n_accounts == 200


def test_an_effect_that_is_not_told_is_refused():
    (found,) = returns_of(EQUITY, _drivers(np.nan), "outage", 50.0)
    assert found.verdict == "refused"
    assert "no effect of outage is told" in found.sentence


def test_a_driver_that_the_champion_does_not_hold_is_named():
    with pytest.raises(ConfigError, match=r"--driver 'delay'.*a driver of the champion \(outage\)"):
        list(returns_of(EQUITY, _drivers(4.0), "delay", 50.0))


def test_word_of_mouth_of_the_settings_names_them_as_its_source():
    terms = value_terms(Value(won_per_told=0.01, told_good=12))
    assert (terms.spoken.won_per_told.high, terms.spoken.told_good.value) == (0.02, 12)
    assert "your settings" in terms.spoken.won_per_told.source
    assert value_terms(Value()).spoken.won_per_told.value == 0.0
