"""A release and feature rows, and what is predicted from them."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.release import Release
from serving.predictor import Predictor
from serving.vocabulary import FeatureRow


@pytest.fixture(scope="module")
def release(releases: dict[str, Release]) -> Release:
    return releases["2026-01-31-a"]


@pytest.fixture(scope="module")
def predictor(release: Release) -> Predictor:
    return Predictor(release)


def _as_sent(rows: pd.DataFrame) -> list[FeatureRow]:
    """The rows as a caller would send them: through JSON, NaN as null, whole numbers as integers."""
    plain = json.loads(rows.drop(columns=["account_id", "as_of"]).to_json(orient="records", double_precision=15))
    whole = [{k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in row.items()} for row in plain]
    return [FeatureRow(row, account_id) for row, account_id in zip(whole, rows["account_id"], strict=True)]


def _rounded(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: _rounded(value) for name, value in said.items()}
    if isinstance(said, list):
        return [_rounded(value) for value in said]
    return round(said, 9) + 0.0 if isinstance(said, float) else said


def test_served_and_offline_scores_agree(predictor: Predictor, release: Release, company: Any) -> None:
    found = predictor.predict(_as_sent(company.rows), [False] * len(company.rows))
    offline = release.churn.prob(company.rows)
    assert np.abs(np.array([prediction.churn_prob for prediction in found]) - offline).max() < 1e-9
    assert [prediction.account_id for prediction in found] == company.rows["account_id"].tolist()


def test_one_row_and_many_give_the_same_answer(predictor: Predictor, company: Any) -> None:
    rows = _as_sent(company.rows.head(20))
    together = predictor.predict(rows, [True] * 20)
    alone = [predictor.predict([row], [True])[0] for row in rows]
    assert [_rounded(found.model_dump()) for found in together] == [_rounded(found.model_dump()) for found in alone]


def test_base_reasons_and_the_rest_add_up_to_the_log_odds(predictor: Predictor, company: Any) -> None:
    for found in predictor.predict(_as_sent(company.rows), [True] * len(company.rows)):
        assert found.reasons is not None
        assert found.by_family is not None
        assert found.base_log_odds + sum(found.by_family.values()) == pytest.approx(found.log_odds)
        assert found.other_log_odds is not None
        told = sum(reason.contribution_log_odds for reason in found.reasons)
        assert found.base_log_odds + told + found.other_log_odds == pytest.approx(found.log_odds, abs=1e-6)
        assert found.churn_prob == pytest.approx(1 / (1 + np.exp(-found.log_odds)), abs=1e-12)


def test_the_rest_is_what_the_model_says_of_the_features_not_named(predictor: Predictor, company: Any) -> None:
    rows = company.rows.head(50)
    contributions, _ = predictor.release.churn.contributions(rows)
    for found, adds in zip(predictor.predict(_as_sent(rows), [True] * 50), contributions, strict=True):
        named = {reason.feature for reason in found.reasons or []}
        names = [feature.name for feature in predictor.release.churn.encoder.features]
        rest = sum(value for name, value in zip(names, adds, strict=True) if name not in named)
        assert found.other_log_odds == pytest.approx(rest, abs=1e-6)


def test_reasons_come_only_where_asked_for(predictor: Predictor, company: Any) -> None:
    first, second, third = predictor.predict(_as_sent(company.rows.head(3)), [False, True, False])
    assert first.reasons is third.reasons is first.other_log_odds is None
    assert second.reasons
    (alone,) = predictor.predict(_as_sent(company.rows.iloc[1:2]), [True])
    assert [reason.feature for reason in second.reasons] == [reason.feature for reason in alone.reasons or []]


def test_an_unseen_level_scores_as_missing_and_is_told(predictor: Predictor) -> None:
    unseen, missing = predictor.predict([FeatureRow({"plan": "gold"}), FeatureRow({"plan": None})], [False, False])
    assert unseen.churn_prob == missing.churn_prob
    assert [caution.code for caution in unseen.warnings] == ["unseen_level", "missing_features"]
    assert [caution.code for caution in missing.warnings] == ["missing_features"]


def test_segments_are_those_of_the_release_and_null_where_unknown(
    predictor: Predictor, release: Release, company: Any
) -> None:
    rows = company.rows.head(40)
    memberships = {name: found.membership(rows) for name, found in release.segmentations.items()}
    for i, found in enumerate(predictor.predict(_as_sent(rows), [False] * 40)):
        for name, segmentation in release.segmentations.items():
            place, expected = found.segments[name], memberships[name][i]
            if np.isnan(expected).any() or not len(expected):
                assert place is None
            else:
                assert place is not None
                assert place.id == segmentation.segments[int(expected.argmax())].id
                assert not place.is_inferred
                assert list(place.memberships.values()) == pytest.approx(expected.tolist(), abs=1e-9)
    assert any(found.segments["needs"] is None for found in predictor.predict(_as_sent(rows), [False] * 40))


@pytest.mark.parametrize("value", [1e308, -1e308, 10**300, -5, 0])
def test_huge_and_negative_numbers_score(predictor: Predictor, value: float) -> None:
    (found,) = predictor.predict([FeatureRow({"seats": value, "recency_days": value})], [True])
    assert 0 < found.churn_prob < 1


def test_needs_of_an_account_that_never_answered_are_told_apart_from_answers(release: Release) -> None:
    from pipelines.segmentation.inference import Inference

    needs = release.segmentations["needs"]
    seats = release.segmentations["firmographic"].preparation
    assert seats is not None
    k, d = len(needs.segments), len(seats.axes())
    guessed = replace(needs, inference=Inference(seats, np.arange(k, dtype=float), np.zeros((k, d))))
    predictor = Predictor(replace(release, segmentations={**release.segmentations, "needs": guessed}))
    silent, unknown = predictor.predict([FeatureRow({"seats": 12.0}), FeatureRow({})], [False, False])
    assert silent.segments["needs"] is not None
    assert silent.segments["needs"].is_inferred
    assert silent.segments["needs"].id == needs.segments[-1].id
    assert unknown.segments["needs"] is None


def test_what_lies_ahead_agrees_with_the_prediction(predictor: Predictor, company: Any) -> None:
    found = predictor.predict(_as_sent(company.rows), [False] * len(company.rows))
    for prediction in found:
        assert prediction.churn_prob_low < prediction.churn_prob < prediction.churn_prob_high
        ahead = prediction.ahead
        assert ahead is not None
        stayed = {point.days: point.prob for point in ahead.retention}
        assert stayed[90] == pytest.approx(1 - prediction.churn_prob)
        assert list(stayed.values()) == sorted(stayed.values(), reverse=True)
        assert ahead.churn_probs["180"] == pytest.approx(1 - stayed[180])
        assert sum(ahead.ways.values()) == pytest.approx(prediction.churn_prob)
        assert ahead.value_at_risk is not None
        if ahead.median_life_days is not None:
            assert stayed[int(ahead.median_life_days // 30) * 30 + 30] <= 0.5


def test_without_dates_nothing_is_said_of_what_lies_ahead(release: Release) -> None:
    (prediction,) = Predictor(replace(release, curve=None)).predict([FeatureRow({})], [False])
    assert prediction.ahead is None
