"""A refusal: why a request gets no answer, in one shape wherever it arises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from features.errors import PerennialError
from serving.payloads import Detail, Error

STATUS = {
    "invalid_json": 400,
    "bad_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "unknown_account": 404,
    "unknown_segment": 404,
    "unknown_segmentation": 404,
    "unknown_owner": 404,
    "unknown_answer": 404,
    "unknown_topic": 404,
    "unknown_group_by": 404,
    "unknown_group": 404,
    "method_not_allowed": 405,
    "body_timeout": 408,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "invalid_request": 422,
    "unknown_feature": 422,
    "invalid_feature": 422,
    "rate_limited": 429,
    "too_many_requests": 429,
    "internal_error": 500,
    "unreadable_row": 500,
    "no_release": 503,
    "no_rows": 503,
    "store_unavailable": 503,
    "unavailable": 503,
    "timeout": 504,
}
"""Every code an error may carry, and its HTTP status."""
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Refusal(PerennialError):
    """A request that gets an error instead of an answer.

    >>> refusal = Refusal("unknown_account", "got account 'A-9'; ...")
    >>> refusal.status, refusal.error.code
    (404, 'unknown_account')
    """

    def __init__(
        self, code: str, message: str, details: Sequence[Detail] = (), *, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        super().__init__(message)
        self.status = STATUS[code]
        self.headers = headers
        self.error = Error(code=code, message=message, details=list(details))
