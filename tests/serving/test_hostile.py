"""Bodies that mean harm, on every route that takes one: each is refused, at once and in our shape."""

import json
import time
from typing import Any

import pytest

DEEP = 100_000
LONG = "x" * 900_000
"""Less than the limit of a body here, so that what refuses it is the limit of a text."""
BODIES = {
    "brackets without end": b"[" * DEEP,
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep lists in a field": b'{"account_id":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep lists in features": b'{"features": {"seats":' + b"[" * DEEP + b"]" * DEEP + b"}}",
    "deep lists in rows": b'{"table": "cases", "rows":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "NaN as a feature": b'{"features": {"seats": NaN}}',
    "Infinity as a feature": b'{"accounts": [{"features": {"seats": Infinity}}]}',
    "a number beyond all": b'{"features": {"seats": ' + b"9" * 100_000 + b"}}",
    "a long id": f'{{"account_id": "{LONG}"}}'.encode(),
    "a long id in a batch": f'{{"accounts": [{{"account_id": "{LONG}"}}]}}'.encode(),
    "a long table": f'{{"table": "{LONG}", "rows": [{{}}]}}'.encode(),
    "an id beyond the limit of a body": b'{"account_id": "' + b"x" * 1_048_576 + b'"}',
    "null bytes": b"\x00" * 10_000,
    "a null byte after": b'{"account_id": 3}\x00',
    "no UTF-8": b'{"account_id": "\xff\xfe"}',
    "half of a pair": b'{"account_id": "\\ud800"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("path", ["/predict", "/predict_batch", "/events"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_what_means_harm_is_refused_at_once_and_in_one_shape(client: Any, path: str, body: bytes) -> None:
    began = time.perf_counter()
    reply = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert time.perf_counter() - began < 2
    assert reply.status_code in (400, 413, 422)
    error = reply.json()["error"]
    assert error["code"] in ("invalid_json", "invalid_request", "body_too_large")
    # Neither is what came sent back at length.
    assert len(reply.content) < 5_000


@pytest.mark.parametrize(
    "row",
    [
        {"account_id": "A-0001" * 50_000, "employees": 1},
        {"account_id": "A-\x00", "employees": 1},
        {"account_id": "'; DROP TABLE accounts; --" * 20, "employees": 1},
        {"account_id": "A-0001", "employees": 10**400},
        {"account_id": "A-0001", "employees": [[]]},
        {"account_id": "A-0001", "created_at": "9" * 10_000},
        {"account_id": "A-0001", "employees": float("nan")},
        {"account_id": "A-0001", "annual_revenue": float("-inf")},
    ],
)
def test_a_row_that_means_harm_is_rejected_alone(client: Any, row: dict[str, Any]) -> None:
    body = json.dumps({"table": "accounts", "rows": [row]})
    reply = client.post("/events", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in (200, 400, 422)
    if reply.status_code == 200:
        assert (reply.json()["accepted"], reply.json()["rejected"]) == (0, 1)
    else:
        assert reply.json().keys() == {"error"}
    assert len(reply.content) < 5_000
