"""Accounts together, as they were scored last: all of them, or by segment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from serving.store_tables import LISTED

Z95 = 1.959964
_PROB, _VALUE = LISTED.c.churn_prob, LISTED.c.value_at_risk
_SUMS = (
    func.count(),
    func.sum(_PROB),
    func.sum(_PROB * (1 - _PROB)),
    func.sum(_VALUE),
    # who leaves loses value / prob
    func.sum(_VALUE * _VALUE * (1 - _PROB) / func.nullif(_PROB, 0.0)),
    func.count(_VALUE),
)
"""Of columns that the indexes by tier and by segment hold, so that no row has to be read."""


@dataclass(frozen=True)
class Sums:
    """Sums over the latest predictions of some accounts.

    Attributes
    ----------
    n_accounts
        how many they are.
    churners, churners_sd
        how many are expected to leave within the horizon, and the standard deviation of how many will by chance alone,
        each account for itself (Poisson binomial).
    value, value_sd
        expected loss in the currency of the tables, of the accounts of which it is known, and its deviation likewise.
    n_valued
        those accounts.
    """

    n_accounts: int
    churners: float
    churners_sd: float
    value: float
    value_sd: float
    n_valued: int


@dataclass(frozen=True)
class Totals(Sums):
    """Sums over all accounts that are scored.

    Attributes
    ----------
    n_by_tier
        accounts by tier.
    since
        the oldest as-of of them.
    """

    n_by_tier: dict[str, int]
    since: str | None


def totals(connection: Connection) -> Totals:
    """Return the sums as of now.

    >>> from serving.scores import Score, write_scores
    >>> from serving.store import Store
    >>> store = Store("sqlite://")
    >>> with store.alone() as connection:
    ...     write_scores(connection, [Score("A-1", "v1", "2026-01-31", 1.0, 0.25, "low", 100.0, "{}", "{}")])
    ...     found = totals(connection)
    >>> found.n_by_tier, found.churners, round(found.churners_sd, 3), round(found.value_sd, 1)
    ({'low': 1}, 0.25, 0.433, 173.2)
    """
    by_tier = select(LISTED.c.tier, *_SUMS, func.min(LISTED.c.as_of)).group_by(LISTED.c.tier)
    found = connection.execute(by_tier).all()
    sums = _added([row[1:7] for row in found])
    since = min((row[7] for row in found if row[7]), default=None)
    return Totals(**vars(sums), n_by_tier={row[0]: row[1] for row in found}, since=since)


def totals_by_segment(connection: Connection, segmentation: str) -> dict[str, Sums]:
    """Return the sums by id of a segment of one segmentation; under "" those of accounts that have no place in it."""
    segment = LISTED.c[segmentation]
    found = connection.execute(select(segment, *_SUMS).group_by(segment)).all()
    return {row[0] or "": _added([row[1:7]]) for row in found}


def _added(rows: Sequence[Row[Any] | tuple[Any, ...]]) -> Sums:
    """The sums of groups, added up."""
    n, churners, variance, value, value_variance, n_valued = (
        sum(part or 0.0 for part in column) for column in (zip(*rows, strict=True) if rows else [()] * len(_SUMS))
    )
    return Sums(
        n_accounts=int(n),
        churners=churners,
        churners_sd=math.sqrt(max(variance, 0.0)),
        value=value,
        value_sd=math.sqrt(max(value_variance, 0.0)),
        n_valued=int(n_valued),
    )
