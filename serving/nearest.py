"""What there is, for who asked for something else."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

MOST_NAMED = 10


def such_as(asked: str, there: Sequence[str]) -> str:
    """Return the names most like what was asked for, or the first where none is like it.

    >>> such_as("smal", ["large", "small"]), such_as("zzz", ["large", "small"])
    ("'small'", "'large', 'small'")
    """
    return ", ".join(map(repr, get_close_matches(asked, there, n=3) or there[:MOST_NAMED]))
