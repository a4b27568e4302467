"""What an account is called, who looks after it and what kind it is: what lists say of it beside its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.rules import Row

LONGEST = 200
"""So many characters of each are kept: an index of PostgreSQL takes no more than a few hundred."""


@dataclass(frozen=True, slots=True)
class About:
    """An account's own row of `accounts`, as far as lists show it."""

    name: str | None = None
    owner: str | None = None
    plan: str | None = None
    industry: str | None = None

    @classmethod
    def of(cls, rows: Mapping[str, list[Row]]) -> About:
        """Return what the rows of an account, by table, say of it.

        >>> About.of({"accounts": [{"account_id": "A-1", "name": "Acme", "owner": " "}]})
        About(name='Acme', owner=None, plan=None, industry=None)
        """
        own = rows.get("accounts") or [{}]
        return cls(**{name: _text(own[0].get(name)) for name in cls.__slots__})


def _text(value: Any) -> str | None:
    """The value as text in one line; PostgreSQL keeps no NUL."""
    if value is None:
        return None
    return " ".join(str(value).replace("\0", " ").split())[:LONGEST] or None
