"""One header or one cookie of a request."""

from __future__ import annotations

from starlette.types import Scope


def header_of(scope: Scope, name: bytes, otherwise: str = "") -> str:
    """Return a header of a request; the first where it came more than once.

    >>> header_of({"headers": [(b"x-request-id", b"crm-1")]}, b"x-request-id")
    'crm-1'
    """
    for key, value in scope["headers"]:
        if key == name:  # a server gives names in lower case
            return str(value, "latin-1")
    return otherwise


def cookie_of(scope: Scope, name: str) -> str:
    """Return a cookie of a request, "" where it did not come.

    >>> cookie_of({"headers": [(b"cookie", b"a=1; perennial_session=x.y")]}, "perennial_session")
    'x.y'
    """
    for pair in header_of(scope, b"cookie").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value
    return ""
