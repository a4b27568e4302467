"""Error bodies that others wrote."""

import json

import pytest

from serving.error_bodies import in_one_shape
from serving.errors import STATUS, Refusal
from serving.payloads import ErrorBody


def _error(status: int, body: object) -> tuple[int, dict[str, object]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    out, shaped = in_one_shape(status, raw)
    return out, json.loads(shaped)["error"]


def test_our_own_errors_stay_as_they_are() -> None:
    body = ErrorBody(error=Refusal("unknown_account", "got ...").error).model_dump_json().encode()
    assert in_one_shape(404, body) == (404, body)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, b"Not Found", "not_found"),
        (405, b"Method Not Allowed", "method_not_allowed"),
        (415, [{"error": "pickle is not allowed"}], "unsupported_media_type"),
        (429, {"error": "Too many requests"}, "too_many_requests"),
        (500, {"error": "An unexpected error has occurred"}, "internal_error"),
        (502, b"", "internal_error"),
        (503, b"no release has been promoted yet", "unavailable"),
        (504, {"error": "Not able to process the request in 30 seconds"}, "timeout"),
        (418, b"\xff\xfe", "bad_request"),
    ],
)
def test_every_other_error_gets_our_shape(status: int, body: object, code: str) -> None:
    _, error = _error(status, body)
    assert error["code"] == code
    assert error["message"]
    assert error["details"] == []


def test_a_traceback_never_goes_out() -> None:
    _, error = _error(500, b"<html>Traceback (most recent call last): File secret.py</html>")
    assert "secret" not in json.dumps(error)


def test_why_the_service_is_not_ready_goes_out() -> None:
    assert _error(503, b"no release has been promoted yet")[1]["message"] == "no release has been promoted yet"


def test_invalid_json_is_400_and_an_invalid_request_422() -> None:
    invalid_json = {"type": "json_invalid", "loc": [], "msg": "Invalid JSON: EOF"}
    missing = {"type": "missing", "loc": ["accounts", 3, "features", "seats", "[key]"], "msg": "Field required"}
    assert _error(400, {"error": "1 error", "detail": [invalid_json]})[0] == 400
    status, error = _error(400, {"error": "2 errors", "detail": [missing, missing]})
    assert (status, error["code"]) == (422, "invalid_request")
    assert error["message"] == "accounts.3.features.seats: field required (and 1 more)"


def test_a_thousand_mistakes_are_not_all_listed() -> None:
    missing = {"type": "missing", "loc": ["a"], "msg": "Field required"}
    assert len(_error(400, {"detail": [missing] * 1000})[1]["details"]) == 20  # type: ignore[arg-type]


def test_every_code_has_a_status_of_an_error() -> None:
    assert all(400 <= status < 600 for status in STATUS.values())
