"""What lies ahead of accounts, in a sentence."""

from __future__ import annotations

from pipelines.config import Value
from pipelines.prospects import Prospect


def sentence(prospect: Prospect, terms: Value) -> str:
    """Return what lies ahead of a group of accounts.

    >>> half = Prospect("all", "all", 10, 10, (30.0, 60.0), (0.9, 0.8), 500.0, 300.0, 700.0)
    >>> sentence(half, Value())
    'predicted: of 10 accounts 80 % stay 60 days; leaving costs 500 (300 to 700 by chance) of revenue within 60 days'
    """
    last = int(min(terms.days, prospect.days[-1]))
    stay = prospect.stayed[prospect.days.index(max(day for day in prospect.days if day <= last))]
    told = f"predicted: of {prospect.n_accounts:,} accounts {stay:.0%} stay {last} days".replace("%", " %")
    if prospect.value_at_risk is None:
        return f"{told}; what leaving costs is not known, since no feature tells revenue a month"
    what = "revenue" if terms.margin == 1 else f"margin ({terms.margin:.0%} of revenue)".replace("%", " %")
    some = "" if prospect.n_valued == prospect.n_accounts else f" of the {prospect.n_valued:,} whose revenue is known"
    return (
        f"{told}; leaving{some} costs {prospect.value_at_risk:,.0f} ({prospect.low:,.0f} to {prospect.high:,.0f} by "
        f"chance) of {what} within {last} days"
    )
