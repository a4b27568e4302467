"""What one point of retention is worth by the company's own margin and churn, in place of the quoted 25 to 95 %."""

from __future__ import annotations

import numpy as np

from pipelines.churn.bootstrap import share_interval
from pipelines.experience.found import Found

TOPIC = "one point of retention"
POINT = 0.01
FEWEST_ACCOUNTS, FEWEST_LOST = 30, 5
QUOTED_POINTS = 5
"""Reichheld and Sasser (1990, Harvard Business Review 68) tell of 5 points."""


def lifetime_value(margin_a_year: float, retention: float, discount: float) -> float:
    """Return what an account is worth that pays at the start of each year, stays with the same probability each year.

    m (1 + d) / (1 + d - r): the sum of m (r / (1 + d))^t over t from 0 (Gupta and Lehmann 2003, "Customers as Assets").

    >>> round(lifetime_value(100.0, 0.8, 0.1), 2)
    366.67
    """
    return margin_a_year * (1 + discount) / (1 + discount - retention)


def gain_of(points: float, retention: float, discount: float) -> float:
    """Return by which share lifetime value rises with so many points more of yearly retention, at most certainty.

    >>> round(gain_of(5, 0.8, 0.1), 3)
    0.2
    """
    more = min(retention + points * POINT, 1.0)
    return lifetime_value(1.0, more, discount) / lifetime_value(1.0, retention, discount) - 1


def profit_sensitivity(
    n_accounts: int, n_lost: int, margin_a_year: float, *, discount: float = 0.1
) -> tuple[Found, ...]:
    """Return what one point more of yearly retention adds to the value of today's accounts, and what five would.

    Parameters
    ----------
    n_accounts, n_lost
        accounts served a year ago, and those of them that left within the year.
    margin_a_year
        of all of today's accounts together, in the company's currency.
    discount
        a year.
    """
    if n_accounts < FEWEST_ACCOUNTS or n_lost < FEWEST_LOST:
        why = f"{n_accounts} accounts a year ago, {n_lost} of them lost; {FEWEST_ACCOUNTS} and {FEWEST_LOST} are needed"
        return (Found.refused(TOPIC, "value of one point of retention", why),)
    kept = 1 - n_lost / n_accounts
    ends = share_interval(kept, float(np.sqrt(kept * (1 - kept) / n_accounts)), n_accounts)
    value, low, high = (margin_a_year * _money(POINT, one, discount) for one in (kept, *ends))
    gain, least, most = (100 * gain_of(QUOTED_POINTS, one, discount) for one in (kept, *ends))
    said = f"yearly retention counted {100 * kept:.1f} %, the same for all accounts in all years: assumed"
    return (
        Found(TOPIC, "yearly retention", 100 * kept, 100 * ends[0], 100 * ends[1], "%", n_accounts=n_accounts),
        Found(TOPIC, "value of one point of retention", value, low, high, "currency", "assumed", n_accounts=n_accounts,
              sentence=f"added to the lifetime value of today's accounts; {said}"),
        Found(TOPIC, "gain from five points of retention", gain, least, most, "% of lifetime value", "assumed",
              n_accounts=n_accounts, sentence="by your own margin and churn; the often quoted 25 to 95 % is not used"),
    )  # fmt: skip


def _money(more: float, retention: float, discount: float) -> float:
    """Value gained for a margin of 1 a year."""
    return lifetime_value(1.0, min(retention + more, 1.0), discount) - lifetime_value(1.0, retention, discount)
