"""Survey metrics count accounts, keep kinds of survey apart, and say nothing of a handful."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from experiments.benchmarks.experience_surveys import AS_OF, asked_world, survey_data
from pipelines.experience.clustered import clustered_mean, clustered_means
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.key_accounts import key_account_scores
from pipelines.experience.metrics import survey_metrics


@pytest.fixture(scope="module")
def data() -> ExperienceData:
    return survey_data(asked_world("role", 1, n_accounts=150))


def test_the_interval_is_that_of_a_cluster_robust_regression() -> None:
    rng = np.random.default_rng(0)
    accounts = rng.integers(0, 40, 300)
    values = rng.normal(size=300) + rng.normal(size=40)[accounts]
    answers = pd.DataFrame({"kind": "a", "account_id": accounts.astype(str), "value": values})
    (found,) = clustered_means(answers, ["kind"], "value", span=10).to_dict("records")
    fit = sm.OLS(values, np.ones(300)).fit(cov_type="cluster", cov_kwds={"groups": accounts, "use_correction": False})
    assert found["error"] == pytest.approx(fit.bse[0] * np.sqrt(40 / 39), rel=1e-6)
    assert clustered_mean(values, accounts).error == pytest.approx(found["error"])
    assert found["n_effective"] < 300


def test_answers_that_are_all_the_same_still_leave_doubt() -> None:
    answers = pd.DataFrame({"kind": "a", "account_id": [f"a{i}" for i in range(20)], "value": 100.0})
    (found,) = clustered_means(answers, ["kind"], "value", span=200).to_dict("records")
    assert found["low"] == pytest.approx(100 - 200 * (1 - 0.05 ** (1 / 20)))


def test_nps_by_role_is_what_a_hand_count_has(data) -> None:
    told = {one.group: one for one in survey_metrics(data) if one.group_by == "survey_type / role"}
    recent = data.responses[data.responses["answered_at"] >= AS_OF - pd.Timedelta(days=365)]
    for role, own in recent.groupby("role"):
        by_hand = 100 * ((own["raw"] >= 9).mean() - (own["raw"] <= 6).mean())
        assert told[f"periodic / {role}"].value == pytest.approx(by_hand)


def test_groups_add_up_to_all(data) -> None:
    found = survey_metrics(data)
    (total,) = (one for one in found if one.group_by == "survey_type")
    roles = [one for one in found if one.group_by == "survey_type / role"]
    assert sum(one.n for one in roles) == total.n
    assert sum(one.n * one.value for one in roles) / total.n == pytest.approx(total.value)


def test_kinds_of_survey_are_never_pooled(data) -> None:
    tracked = data.responses.assign(survey_type="tracking", score=1.0)
    both = replace(data, responses=pd.concat([data.responses, tracked], ignore_index=True))
    told = {one.group: one for one in survey_metrics(both) if one.group_by == "survey_type"}
    assert told["tracking"].value == 100
    assert told["periodic"] == next(one for one in survey_metrics(data) if one.group_by == "survey_type")


def test_a_handful_is_refused(data) -> None:
    few = replace(data, responses=data.responses.tail(9))
    assert {one.verdict for one in survey_metrics(few)} == {"refused"}
    nothing = survey_metrics(ExperienceData.empty(AS_OF))
    assert [one.verdict for one in nothing] == ["refused"] * 3


def test_a_key_accounts_score_is_drawn_towards_the_usual(data) -> None:
    keys = replace(data, accounts=data.accounts.assign(is_key=True))
    told = key_account_scores(keys)
    assert 40 <= len(told) <= 50
    for one in told[:10]:
        own = data.responses[data.responses["account_id"] == one.group.split(" / ")[1]]
        own = own[own["answered_at"] >= AS_OF - pd.Timedelta(days=365)]
        mean = (100 * ((own["raw"] >= 9).astype(int) - (own["raw"] <= 6))).mean()
        usual = next(each for each in survey_metrics(data) if each.group_by == "survey_type").value
        assert min(mean, usual) - 1e-9 <= one.value <= max(mean, usual) + 1e-9


def test_key_accounts_are_refused_where_nobody_answered_twice(data) -> None:
    once = data.responses.drop_duplicates("account_id", keep="last")
    (found,) = key_account_scores(replace(data, responses=once))
    assert found.verdict == "refused"
