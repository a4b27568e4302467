"""Reasons are readable, and add up."""

from __future__ import annotations

import re

import lightgbm
import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from pipelines.churn.calibration import Calibration
from pipelines.churn.encoder import Encoder
from pipelines.churn.model import ChurnModel
from pipelines.churn.reasons import explain
from pipelines.churn.wording import in_words, said
from pipelines.reason_figures import reason_figures

WAIT = Feature("wait", "experience", "operations", "hours", "Median first response, last 90 days (hours)")
PLAN = Feature("plan", "firmographic", "context", "", "Plan", kind="category")
LIVE = Feature("is_live", "behaviour", "behaviour", "yes or no", "Whether it is live")
IDLE = Feature("idle", "behaviour", "behaviour", "days", "Time since the last activity")
SHARE = Feature("share", "experience", "perception", "ratio", "Share of invitations answered")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    wait = np.tile([1.0, 9.0, 31.0, np.nan], 50)
    plan = np.repeat(["free", "pro"], 100).astype(object)
    return pd.DataFrame({"wait": wait, "plan": plan, "is_live": True})


@pytest.fixture(scope="module")
def model(rows: pd.DataFrame) -> ChurnModel:
    encoder = Encoder.fit(rows, (WAIT, PLAN, LIVE))
    churned = (rows["wait"].fillna(0) > 10) | ((rows["plan"] == "free") & (np.arange(200) % 3 == 0))
    settings = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbosity": -1}
    data = lightgbm.Dataset(encoder.transform(rows), churned.astype(float), categorical_feature=[1])
    usual = {"wait": 9.0, "plan": "free", "is_live": 1.0}
    text = lightgbm.train(settings, data, 10).model_to_string()
    return ChurnModel.of_text(text, encoder, Calibration(0.1, 0.9), usual)


def test_base_reasons_and_remainder_are_the_served_log_odds(rows: pd.DataFrame, model: ChurnModel) -> None:
    for top in (0, 1, 5):
        explained = explain(model, rows, top=top)
        sums = [
            e.base_log_odds + sum(r.contribution_log_odds for r in e.reasons) + e.remainder_log_odds for e in explained
        ]
        np.testing.assert_allclose(sums, model.log_odds(rows), atol=1e-12)


def test_points_are_what_the_probability_would_be_lower_without_the_contribution(
    rows: pd.DataFrame, model: ChurnModel
) -> None:
    prob = model.prob(rows)
    for explanation, served in zip(explain(model, rows), prob, strict=True):
        for reason in explanation.reasons:
            without = 1 / (1 + np.exp(-(explanation.log_odds - reason.contribution_log_odds)))
            assert reason.points == pytest.approx(100 * (served - without))
            assert (reason.points > 0) == (reason.effect == "raises")


def test_without_a_limit_nothing_remains(rows: pd.DataFrame, model: ChurnModel) -> None:
    assert max(abs(e.remainder_log_odds) for e in explain(model, rows)) < 1e-9


def test_the_strongest_reason_comes_first(rows: pd.DataFrame, model: ChurnModel) -> None:
    sizes = [abs(reason.contribution_log_odds) for reason in explain(model, rows)[2].reasons]
    assert sizes == sorted(sizes, reverse=True)


def test_a_feature_that_adds_nothing_is_no_reason(rows: pd.DataFrame, model: ChurnModel) -> None:
    named = {reason.feature for explanation in explain(model, rows) for reason in explanation.reasons}
    assert named == {"wait", "plan"}


def test_a_reason_is_a_sentence_with_value_usual_and_effect(rows: pd.DataFrame, model: ChurnModel) -> None:
    reason = explain(model, rows)[2].reasons[0]
    said = "Median first response, last 90 days: 31 hours (usually 9), raises the predicted risk by "
    assert reason.text == f"{said}{round(reason.points, 1):g} points"
    assert (reason.value, reason.usual, reason.effect, reason.family, reason.tier) == (
        31.0,
        9.0,
        "raises",
        "experience",
        "operations",
    )


def test_one_row_from_json_is_explained_as_in_the_frame(rows: pd.DataFrame, model: ChurnModel) -> None:
    alone = explain(model, {"wait": [31], "plan": ["free"], "is_live": [True]})
    assert alone == [explain(model, rows)[2]]


def test_what_is_not_known_is_said_so(model: ChurnModel) -> None:
    texts = [reason.text for reason in explain(model, {"plan": [None]})[0].reasons]
    assert any(text.startswith("Plan: not known (usually free)") for text in texts)
    assert any(text.startswith("Median first response, last 90 days: not known (usually 9 hours)") for text in texts)


def test_an_unseen_level_is_said_as_it_came(model: ChurnModel) -> None:
    texts = [reason.text for reason in explain(model, {"plan": ["galactic"]})[0].reasons]
    assert any(text.startswith("Plan: galactic (usually free)") for text in texts)


def test_no_reason_speaks_of_causes(rows: pd.DataFrame, model: ChurnModel) -> None:
    texts = " ".join(reason.text for explanation in explain(model, rows) for reason in explanation.reasons)
    assert not re.search("caus|because|due to|driver", texts)


@pytest.mark.parametrize(
    ("feature", "value", "usual", "words"),
    [
        (IDLE, 1.0, 12.5, "Time since the last activity: 1 day (usually 12.5)"),
        (IDLE, 400.0, None, "Time since the last activity: 400 days (usually not known)"),
        (SHARE, 0.0, 0.256, "Share of invitations answered: 0 % (usually 25.6 %)"),
        (LIVE, 0.0, 1.0, "Whether it is live: no (usually yes)"),
        (PLAN, "pro", "free", "Plan: pro (usually free)"),
    ],
)
def test_values_are_said_in_their_unit(feature: Feature, value: float, usual: float, words: str) -> None:
    assert in_words(feature, value, usual) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (-0.001, "0"),
        (0.123, "0.12"),
        (1.04, "1"),
        (12.34, "12.3"),
        (123.4, "123"),
        (-2500.0, "-2,500"),
        (1e15, "1.00e+15"),
    ],
)
def test_numbers_are_as_long_as_a_reader_needs(value: float, words: str) -> None:
    assert said(value, "") == words


def test_pictures_of_reasons_are_png_and_the_same_each_time(model: ChurnModel, rows: pd.DataFrame) -> None:
    first, second = reason_figures(model, rows), reason_figures(model, rows)
    assert set(first) == {"beeswarm", "dependence", "waterfall"}
    assert all(png.startswith(b"\x89PNG") for png in first.values())
    assert first == second


def test_families_add_up_to_the_prediction(model: ChurnModel, rows: pd.DataFrame) -> None:
    for explanation in explain(model, rows, top=1):
        assert set(explanation.by_family) == {"experience", "firmographic", "behaviour"}
        assert explanation.base_log_odds + sum(explanation.by_family.values()) == pytest.approx(explanation.log_odds)
