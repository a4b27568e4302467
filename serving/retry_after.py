"""What a reply says of when to ask again: the header Retry-After of RFC 9110, in seconds or as a date."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

LONGEST_NUMBER = 9


def retry_after_seconds(said: str | None, now: float) -> float | None:
    """Return in how many seconds to ask again, 0 or more; None where nothing is said that can be understood.

    `now` is in seconds since 1970.

    >>> retry_after_seconds("120", now=0.0), retry_after_seconds("Thu, 01 Jan 1970 00:01:00 GMT", now=0.0)
    (120.0, 60.0)
    >>> retry_after_seconds("soon", now=0.0), retry_after_seconds("-5", now=0.0), retry_after_seconds(None, now=0.0)
    (None, None, None)
    """
    if said is None:
        return None
    said = said.strip()
    if said.isascii() and said.isdecimal():
        return float(said) if len(said) <= LONGEST_NUMBER else float("inf")
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - now)
    except (ValueError, OverflowError):
        return None
