"""What the query of an address may hold: values that there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from serving.errors import Refusal

MOST_NAMED = 10
LONGEST_SHOWN = 60


def known(asked: Mapping[str, str], name: str, values: Collection[str]) -> str:
    """Return what is asked for by that name, "" where nothing is.

    >>> known({"tier": "operations"}, "tier", ["operations"]), known({}, "tier", [])
    ('operations', '')

    Raises
    ------
    Refusal
        When it is none of the values.
    """
    value = asked.get(name, "")
    if value and value not in values:
        near = get_close_matches(value, list(values), n=3) or sorted(values)[:MOST_NAMED]
        expected = f"expected one such as {', '.join(map(repr, near))}" if near else "expected none"
        raise Refusal("not_found", f"got {name} {value[:LONGEST_SHOWN]!r}; {expected}; leave it out for all")
    return value
