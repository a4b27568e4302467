"""All accounts together, as they were scored last."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from serving.store_tables import SCORES

Z95 = 1.959964


@dataclass(frozen=True)
class Totals:
    """Sums over the latest predictions.

    Attributes
    ----------
    n_by_tier
        accounts by tier.
    churners, churners_sd
        how many are expected to leave within the horizon, and the standard deviation of how many will by chance alone,
        each account for itself (Poisson binomial).
    value, value_sd
        expected loss in the currency of the tables, of the accounts of which it is known, and its deviation likewise.
    n_valued
        those accounts.
    since
        the oldest as-of of them.
    """

    n_by_tier: dict[str, int]
    churners: float
    churners_sd: float
    value: float
    value_sd: float
    n_valued: int
    since: str | None

    @property
    def n_accounts(self) -> int:
        """All accounts that are scored."""
        return sum(self.n_by_tier.values())


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
    prob, value = SCORES.c.churn_prob, SCORES.c.value_at_risk
    columns = (
        SCORES.c.tier,
        func.count(),
        func.sum(prob),
        func.sum(prob * (1 - prob)),
        func.sum(value),
        # who leaves loses value / prob
        func.sum(value * value * (1 - prob) / func.nullif(prob, 0.0)),
        func.count(value),
        func.min(SCORES.c.as_of),
    )
    found = connection.execute(select(*columns).group_by(SCORES.c.tier)).all()
    dates = [row[7] for row in found if row[7]]
    return Totals(
        n_by_tier={row[0]: row[1] for row in found},
        churners=sum(row[2] for row in found),
        churners_sd=math.sqrt(sum(row[3] for row in found)),
        value=sum(row[4] or 0.0 for row in found),
        value_sd=math.sqrt(sum(row[5] or 0.0 for row in found)),
        n_valued=sum(row[6] for row in found),
        since=min(dates, default=None),
    )
