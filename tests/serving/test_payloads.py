"""What a request may look like."""

import json

import pytest
from pydantic import ValidationError

from serving.payloads import PredictBatchRequest, Prediction, PredictRequest, ReasonGiven


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ("{}", "got neither account_id nor features; expected exactly one"),
        ('{"account_id": "A", "features": {"seats": 1}}', "got both account_id and features; expected exactly one"),
        ('{"account_id": 7}', "valid string"),
        ('{"account_id": ""}', "at least 1 character"),
        (json.dumps({"account_id": "A" * 257}), "at most 256 characters"),
        ('{"account_id": "A", "explain": "yes"}', "valid boolean"),
        ('{"account_id": "A", "model": "x"}', "got the fields 'model'; expected only account_id, features, explain"),
        ('{"features": {}}', "at least 1 item"),
        ('{"features": [1]}', "should be an object"),
        ('{"features": {"seats": NaN}}', "got nan; expected a finite number"),
        ('{"features": {"seats": -Infinity}}', "got -inf; expected a finite number"),
        ('{"features": {"seats": 1e999}}', "got inf; expected a finite number"),
        (f'{{"features": {{"seats": {"9" * 400}}}}}', "expected a finite number"),
        ('{"features": {"seats": [1]}}', "got a list; expected a number, text, true, false or null"),
        ('{"features": {"seats": {"a": 1}}}', "got an object; expected a number, text, true, false or null"),
        (json.dumps({"features": {"plan": "x" * 1001}}), "got a text of 1001 characters; expected 1000 at most"),
        (json.dumps({"features": {"n" * 201: 1}}), "at most 200 characters"),
        (json.dumps({"features": {f"f{i}": 1 for i in range(1001)}}), "got 1001 features; expected 1000 at most"),
        ('{"features": ' + "[" * 1000 + "]" * 1000 + "}", "recursion limit"),
        ('{"account_id', "Invalid JSON"),
        ("[]", "Input should be an object"),
    ],
)
def test_a_bad_request_is_refused_with_what_came_and_what_was_expected(body: str, match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        PredictRequest.model_validate_json(body)


@pytest.mark.parametrize("value", [None, True, 0, -3.5, 1e308, -(10**300), "pro", ""])
def test_a_feature_is_a_number_text_truth_value_or_null_and_stays_what_it_was(value: object) -> None:
    request = PredictRequest.model_validate_json(json.dumps({"features": {"seats": value}}))
    assert request.features is not None
    assert request.features["seats"] == value
    assert type(request.features["seats"]) is type(value)


@pytest.mark.parametrize(("n", "match"), [(0, "at least 1 item"), (1001, "at most 1000 items")])
def test_a_batch_has_one_to_a_thousand_accounts(n: int, match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        PredictBatchRequest.model_validate_json(json.dumps({"accounts": [{"account_id": "A"}] * n}))


def test_a_body_full_of_mistakes_gets_one_error_not_a_hundred_thousand() -> None:
    alien = json.dumps(dict.fromkeys(map(str, range(100_000))))
    for body in (alien, f'{{"features": {alien}}}', f'{{"account_id": "A", "features": {alien}}}'):
        with pytest.raises(ValidationError) as caught:
            PredictRequest.model_validate_json(body)
        assert caught.value.error_count() <= 2


def test_every_field_of_an_answer_says_what_it_is() -> None:
    for model in (Prediction, ReasonGiven):
        silent = {name for name, field in model.model_fields.items() if not field.description}
        assert silent <= {"account_id", "feature", "family", "unit", "warnings"}
    words = json.dumps([Prediction.model_json_schema(), PredictRequest.model_json_schema()])
    assert "predicted" in words
    assert "not a cause" in words
