"""Error bodies that others wrote (BentoML, Starlette), in our shape."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from serving.errors import STATUS, Refusal
from serving.payloads import Detail, Error, ErrorBody

MOST_DETAILS = 20

CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "body_timeout",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "too_many_requests",
    503: "unavailable",
    504: "timeout",
}
MESSAGES = {
    "not_found": "got an address where there is nothing; expected one such as /predict; see /docs.json for all",
    "method_not_allowed": "got a method that this address does not take; see the header Allow",
    "too_many_requests": "got more requests at once than are served; ask again in a moment",
    "timeout": "the answer took too long; ask again, or for fewer accounts",
    "internal_error": "something went wrong here, not in the request; the log of the service has it by X-Request-Id",
}
"""What we say instead of what others said; where there is nothing here, their own words go out."""


def in_one_shape(status: int, body: bytes) -> tuple[int, bytes]:
    """Return status and body of an error as we write them; a body of our own stays as it is.

    >>> in_one_shape(503, b"no release yet")
    (503, b'{"error":{"code":"unavailable","message":"no release yet","details":[]}}')
    """
    said = _read(body)
    if isinstance(said, dict) and isinstance(said.get("error"), dict):
        return status, body
    is_invalid = status == 400 and _is_invalid(said)
    error = _invalid(said["detail"]) if is_invalid else _other(status, said)
    return STATUS[error.code] if is_invalid else status, ErrorBody(error=error).model_dump_json().encode()


def refusal_of(problem: ValidationError) -> Refusal:
    """Return what pydantic found wrong with a request as a refusal; what came is not repeated."""
    error = _invalid(problem.errors(include_url=False, include_context=False, include_input=False))
    return Refusal(error.code, error.message, error.details)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace").strip()


def _is_invalid(said: Any) -> bool:
    return isinstance(said, dict) and isinstance(said.get("detail"), list) and bool(said["detail"])


def _invalid(found: Sequence[Any]) -> Error:
    """What pydantic found wrong with a request."""
    details = [Detail(where=_place(problem["loc"]), problem=_in_words(problem)) for problem in found[:MOST_DETAILS]]
    code = "invalid_json" if found[0]["type"] == "json_invalid" else "invalid_request"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return Error(code=code, message=f"{details[0].where}: {details[0].problem}{more}", details=details)


def _place(steps: list[str | int]) -> str:
    return ".".join(str(step) for step in steps if step != "[key]") or "body"


def _in_words(problem: dict[str, Any]) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ").replace(" after validation", "")
    return message[:1].lower() + message[1:]


def _other(status: int, said: Any) -> Error:
    first = said[0] if isinstance(said, list) and said else said
    text = first.get("error", "") if isinstance(first, dict) else first
    code = CODES.get(status, "internal_error" if status >= 500 else "bad_request")
    return Error(code=code, message=MESSAGES.get(code) or str(text)[:500] or code.replace("_", " "))
