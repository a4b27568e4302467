"""Whether churners were seen coming: who looked safe to the last, and how long others were known to be at risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipelines.churn.bootstrap import Interval, share_interval

if TYPE_CHECKING:
    import pandas as pd

HIGH, MEDIUM, LOW = "high", "medium", "low"
RESAMPLES = 1000


@dataclass(frozen=True)
class Warned:
    """What was known of accounts before they left.

    Attributes
    ----------
    n_left
        Accounts that left while they were watched: the last date at which they were customers is known.
    false_green
        Share of them that were in the lowest tier at that last date, at most a month before the end; 95 % interval.
    lead_days
        Median over those that were in the highest tier at that date: days since the first date from which on they were
        in it without a break. They may have been so earlier than anyone watched.
    n_warned
        How many these are.
    """

    n_left: int
    false_green: Interval
    lead_days: Interval | None
    n_warned: int


def tiers(
    predictions: pd.DataFrame, prob: str, *, high_share: float, medium_share: float, high_prob: float | None = None
) -> pd.Series:
    """Return the tier of each row: by capacity so many of each date's accounts, the most at risk first, are high.

    By cost those are high who reach `high_prob`, however many. The next `medium_share` of a date's accounts are medium.
    `predictions` has as_of, the column `prob`, and weight, how many accounts a row stands for.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"as_of": ["2026-01-01"] * 4, "model": [0.9, 0.1, 0.4, 0.2], "weight": 1.0})
    >>> tiers(rows, "model", high_share=0.25, medium_share=0.25).tolist()
    ['high', 'low', 'medium', 'low']
    >>> tiers(rows, "model", high_share=0.25, medium_share=0.25, high_prob=0.3).tolist()
    ['high', 'low', 'high', 'medium']
    """
    import pandas as pd

    ranked = predictions.sort_values(prob, ascending=False, kind="stable")
    by_date = ranked.groupby("as_of")["weight"]
    share = (by_date.cumsum() / by_date.transform("sum")).reindex(predictions.index)
    is_high = share <= high_share if high_prob is None else predictions[prob] >= high_prob
    high = share.where(is_high, 0.0).groupby(predictions["as_of"]).transform("max")
    most = high_share if high_prob is None else high
    found = np.select([is_high, share <= most + medium_share], [HIGH, MEDIUM], LOW)
    return pd.Series(found, index=predictions.index)


def warned(predictions: pd.DataFrame, tier: pd.Series, *, seed: int) -> Warned | None:
    """Return what was known of the accounts that left; None where none did.

    Parameters
    ----------
    predictions
        held-out rows, account_id, as_of and churned, at dates that follow one another; an account that left is not
        there at the dates after.
    tier
        of each row, by what was predicted then.
    """
    rows = predictions.assign(tier=tier).sort_values(["account_id", "as_of"])
    last = rows.drop_duplicates("account_id", keep="last")
    gone = last[(last["as_of"] < rows["as_of"].max()) & last["churned"].astype(bool)]
    if gone.empty:
        return None
    n, n_green = len(gone), int((gone["tier"] == LOW).sum())
    share = n_green / n
    low, high = share_interval(share, float(np.sqrt(share * (1 - share) / n)), n)
    warned_of = gone.loc[gone["tier"] == HIGH, "account_id"]
    days = _days_in_a_row(rows[rows["account_id"].isin(warned_of)])
    return Warned(n, Interval(share, low, high), _median(days, seed) if len(days) else None, len(days))


def _days_in_a_row(rows: pd.DataFrame) -> np.ndarray:
    """Days from the first date of each account's last unbroken time in the highest tier to its last date."""
    is_high = rows["tier"] == HIGH
    # one more break at each date that is not high, and at each new account
    spell = (~is_high).groupby(rows["account_id"]).cumsum()
    at_end = spell == spell.groupby(rows["account_id"]).transform("last")
    kept = rows[is_high & at_end].groupby("account_id")["as_of"]
    return (kept.last() - kept.first()).dt.days.to_numpy(dtype=float)


def _median(days: np.ndarray, seed: int) -> Interval:
    drawn = np.random.default_rng(seed).choice(days, (RESAMPLES, len(days)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return Interval(float(np.median(days)), float(low), float(high))
