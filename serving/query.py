"""What a caller asks for in the query of an address."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from serving.errors import Refusal

LONGEST_VALUE = 200
LONGEST_SHOWN = 60


def query_values(asked: Sequence[tuple[str, str]], known: Collection[str]) -> dict[str, str]:
    """Return the parameters of a query by name; each is one of `known`, comes once, and has 1 to 200 characters.

    Raises
    ------
    Refusal
        When a parameter is not known, comes twice, is empty, or is longer.

    >>> query_values([("segment", "small firms")], ["segment"])
    {'segment': 'small firms'}
    """
    values: dict[str, str] = {}
    for name, value in asked:
        if name not in known:
            expected = f"only {', '.join(known)}" if known else "none"
            _refuse(f"got the query parameter {_shown(name)}; expected {expected}; leave it out")
        if name in values:
            _refuse(f"got the query parameter {name} more than once; expected it once; ask for each value by itself")
        if not 1 <= len(value) <= LONGEST_VALUE:
            came = f"got a value of {len(value)} characters for the query parameter {name}"
            _refuse(f"{came}; expected 1 to {LONGEST_VALUE}; shorten it or leave the parameter out")
        values[name] = value
    return values


def _refuse(why: str) -> None:
    raise Refusal("invalid_request", why)


def _shown(name: str) -> str:
    return repr(name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}...")
