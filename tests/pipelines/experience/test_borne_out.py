"""Stated reasons are set beside what had happened to who stated them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_reasons import borne_out_world
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.voice.borne_out import MORE, borne_out


def _by_name(data: ExperienceData) -> dict:
    return {one.figure: one for one in borne_out(data)}


def test_words_that_name_what_happened_are_borne_out():
    found = _by_name(borne_out_world(1))
    assert found["reasons borne out"].value == pytest.approx(100)
    # By chance a third of each would be: what happened to a third of the accounts.
    assert found[MORE].value == pytest.approx(66.7, abs=2)
    assert found[MORE].verdict == "found"


def test_words_at_random_are_borne_out_as_by_chance():
    found = [_by_name(borne_out_world(seed, is_true=False))[MORE] for seed in range(12)]
    assert [one.verdict for one in found].count("found") <= 1
    assert np.mean([one.low <= 0 <= one.high for one in found]) >= 0.8


def test_what_happened_after_the_words_bears_nothing_out():
    data = borne_out_world(1)
    late = data.cases.assign(opened_at=data.cases["opened_at"] + pd.Timedelta(days=40))
    before, after = (_by_name(one)["reasons borne out"].value for one in (data, replace(data, cases=late)))
    assert after == pytest.approx(before - 100 * len(late) / len(data.responses))


def test_few_reasons_are_refused():
    data = borne_out_world(1)
    (found,) = borne_out(replace(data, responses=data.responses.iloc[:4]))
    assert (found.verdict, found.figure) == ("refused", MORE)
    (found,) = borne_out(ExperienceData.empty(data.as_of))
    assert found.verdict == "refused"
