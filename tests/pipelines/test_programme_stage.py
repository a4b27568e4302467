"""The stage of training that computes the whole programme, on a small simulated company."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.company import simulate
from pipelines.config import Value
from pipelines.experience.inputs import ExperienceData, read_experience
from pipelines.experience.told import Programme
from pipelines.programme import Predicted, ProgrammeTables, programme, read_programme

AS_OF = pd.Timestamp("2026-01-01")
SUBJECTS = ("support", "billing", "release", "training", "portal")
THINGS = ("tickets", "invoices", "dashboards", "courses", "exports", "searches", "contracts", "people")
JUDGED = ("answer slowly", "seem wrong again", "work quickly", "confuse everyone", "help greatly", "break often")
COMMENTS = [f"{subject} {thing} {word} lately" for subject in SUBJECTS for thing in THINGS for word in JUDGED]


@pytest.fixture
def tables(open_tables) -> ProgrammeTables:
    company = simulate(300, years=3, seed=11).tables
    said = company["survey_responses"]
    company["survey_responses"] = said.assign(
        comment=[COMMENTS[place * 7 % len(COMMENTS)] for place in range(len(said))]
    )
    paid = company["subscriptions"].dropna(subset=["end_date"])[["account_id", "end_date"]]
    left = paid.rename(columns={"end_date": "left_at"}).drop_duplicates("account_id", keep="last").assign(way="left")
    warehouse = open_tables(company)
    return read_programme(warehouse, read_experience(warehouse, AS_OF, departures=left))


def _predicted(data: ExperienceData) -> Predicted:
    """Two segments by revenue, and one probability for all."""
    paying = data.accounts.loc[data.accounts["mrr"] > 0, ["account_id", "mrr"]]
    is_big = paying["mrr"] > paying["mrr"].median()
    sizes = paying[["account_id"]].assign(firmographic=np.where(is_big, "big", "small"))
    return Predicted(sizes, paying.assign(churn_prob=0.1), horizon_days=90)


def test_all_of_it_is_told_by_what_the_release_says_and_names_nobody(tables: ProgrammeTables) -> None:
    said = _predicted(tables.data)
    told = programme(tables, said, Value())
    assert not [one for _, part in told.parts() for one in part.found if "could not be computed" in one.sentence]
    assert {part.as_of for _, part in told.parts()} == {"2026-01-01"}
    topics = {one.topic for one in told.experience.found}
    assert {"survey metrics", "silence", "roles", "engagement", "hostages"} <= topics
    risk = {one.group: one.value for one in told.value.found if one.figure == "revenue at risk"}
    assert risk["all"] == pytest.approx(1.2 * said.scores["mrr"].sum())
    assert risk["big"] + risk["small"] == pytest.approx(risk["all"])
    assert [one["group"] for one in told.journeys.maps] == ["all", "big", "small"]
    assert [one for one in told.experience.found if "billing" in one.group]
    _names_nobody(told, tables.data)


def _names_nobody(told: Programme, data: ExperienceData) -> None:
    """Neither accounts, but for the scores of key accounts, nor what anyone wrote."""
    named = [one for _, part in told.parts() for one in part.found if not one.group_by.endswith("account")]
    said = json.dumps([one.as_dict() for one in named]) + json.dumps(told.journeys.maps)
    assert not [name for name in data.accounts["account_id"] if name in said]
    assert not [comment for comment in COMMENTS if comment in said]


def test_what_fails_is_refused_and_the_rest_is_told(tables: ProgrammeTables) -> None:
    broken = replace(tables, references=pd.DataFrame(), data=replace(tables.data, cases=pd.DataFrame()))
    told = programme(broken, Predicted(), Value())
    assert "it could not be computed (KeyError" in told.value.found[0].sentence
    assert [one for one in told.experience.found if one.topic == "survey metrics" and one.verdict == "told"]
