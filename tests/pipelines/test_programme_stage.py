"""The stage of training that computes the whole programme, on a small simulated company."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.company import simulate
from pipelines.config import Value
from pipelines.experience.inputs import read_experience
from pipelines.experience.told import Programme
from pipelines.experience.voice.programme import programme as voice
from pipelines.programme import Predicted, ProgrammeTables, programme, read_programme

AS_OF = pd.Timestamp("2026-01-01")


@pytest.fixture(scope="module")
def company():
    return simulate(300, years=3, seed=11).tables


@pytest.fixture
def tables(company, open_tables) -> ProgrammeTables:
    paid = company["subscriptions"].dropna(subset=["end_date"])[["account_id", "end_date"]]
    left = paid.rename(columns={"end_date": "left_at"}).drop_duplicates("account_id", keep="last").assign(way="left")
    warehouse = open_tables(company)
    return read_programme(warehouse, read_experience(warehouse, AS_OF, departures=left))


def test_it_tells_what_the_verbs_tell_and_nothing_fails(tables: ProgrammeTables, company) -> None:
    told = programme(tables, Predicted(), Value())
    every = [one for _, part in told.parts() for one in part.found]
    assert not [one for one in every if "could not be computed" in one.sentence]
    assert {part.as_of for _, part in told.parts()} == {"2026-01-01"}
    own = {(one.topic, one.figure, one.group): one.value for one in voice(tables.data)}
    kept = {(one.topic, one.figure, one.group): one.value for one in told.experience.found}
    assert own.keys() <= kept.keys()
    assert all(kept[key] == value or np.isnan(value) for key, value in own.items())
    assert {"engagement", "hostages"} <= {one.topic for one in told.experience.found}
    assert len(told.journeys.maps) == 1
    _names_nobody(told, company)


def _names_nobody(told: Programme, company) -> None:
    """Neither accounts, but for the scores of key accounts, nor what anyone wrote."""
    named = [one for _, part in told.parts() for one in part.found if not one.group_by.endswith("account")]
    said = json.dumps([one.as_dict() for one in named]) + json.dumps(told.journeys.maps)
    assert not [name for name in company["accounts"]["account_id"] if name in said]
    comments = company["survey_responses"]["comment"].dropna().unique()
    assert not [comment for comment in comments if len(comment.split()) > 3 and comment in said]


def test_segments_and_scores_are_those_of_the_release(tables: ProgrammeTables) -> None:
    paying = tables.data.accounts.loc[tables.data.accounts["mrr"] > 0, ["account_id", "mrr"]]
    scores = paying.assign(churn_prob=0.1)
    sizes = paying[["account_id"]].assign(firmographic=np.where(paying["mrr"] > paying["mrr"].median(), "big", "small"))
    told = programme(tables, Predicted(sizes, scores, horizon_days=90), Value())
    risk = {one.group: one.value for one in told.value.found if one.figure == "revenue at risk"}
    assert risk["all"] == pytest.approx(1.2 * paying["mrr"].sum())
    assert risk["big"] + risk["small"] == pytest.approx(risk["all"])
    assert [one["group"] for one in told.journeys.maps] == ["all", "big", "small"]


def test_what_fails_is_refused_and_the_rest_is_told(tables: ProgrammeTables) -> None:
    broken = replace(tables, references=pd.DataFrame(), data=replace(tables.data, cases=pd.DataFrame()))
    told = programme(broken, Predicted(), Value())
    assert "it could not be computed (KeyError" in told.value.found[0].sentence
    assert [one for one in told.experience.found if one.topic == "survey metrics" and one.verdict == "told"]
