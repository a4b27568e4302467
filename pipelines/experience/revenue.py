"""What accounts paid a month at two dates, and what came between: lost, expanded, contracted, new, returned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

FLOWS = ("lost", "contraction", "expansion", "new", "returned")


def revenue_at(subscriptions: pd.DataFrame, at: pd.Timestamp) -> pd.Series[float]:
    """Return each account's revenue a month at a moment, by account; only accounts served then are there.

    Parameters
    ----------
    subscriptions
        account_id, start_date, end_date (missing while it runs), mrr (missing counts as nothing).

    >>> rows = pd.DataFrame({"account_id": ["a", "a"], "start_date": pd.to_datetime(["2025-01-01", "2025-02-01"]),
    ...                      "end_date": pd.to_datetime(["2025-02-01", None]), "mrr": [10.0, 12.0]})
    >>> revenue_at(rows, pd.Timestamp("2025-02-01")).to_dict()
    {'a': 12.0}
    """
    ends = subscriptions["end_date"]
    runs = (subscriptions["start_date"] <= at) & (ends.isna() | (ends > at))
    served = subscriptions.loc[runs, ["account_id", "mrr"]]
    return served["mrr"].fillna(0.0).groupby(served["account_id"].astype(str)).sum().rename("mrr")


@dataclass(frozen=True)
class Between:
    """Revenue a month of the accounts at two dates.

    Attributes
    ----------
    accounts
        by account: opening and closing (0 where it was not served), the flow that leads from one to the other (one of
        `FLOWS`, or empty where nothing changed), and was_before: whether it had been served before the opening.
    """

    accounts: pd.DataFrame

    @property
    def opening(self) -> float:
        """Revenue a month at the first date."""
        return float(self.accounts["opening"].sum())

    @property
    def closing(self) -> float:
        """Revenue a month at the second date."""
        return float(self.accounts["closing"].sum())

    def flow(self, name: str) -> float:
        """Return by how much one flow changed revenue a month: losses are negative."""
        own = self.accounts["flow"] == name
        return float((self.accounts.loc[own, "closing"] - self.accounts.loc[own, "opening"]).sum())


def between(subscriptions: pd.DataFrame, since: pd.Timestamp, until: pd.Timestamp) -> Between:
    """Return the revenue of all accounts served at either of two dates, and which flow changed it."""
    frame = pd.DataFrame({"opening": revenue_at(subscriptions, since), "closing": revenue_at(subscriptions, until)})
    is_there, stays = frame["opening"].notna(), frame["closing"].notna()
    ids = subscriptions["account_id"].astype(str)
    was_before = frame.index.isin(ids[subscriptions["start_date"] < since])
    frame = frame.fillna(0.0)
    change = frame["closing"] - frame["opening"]
    flow = np.select(
        [is_there & ~stays, ~is_there & was_before, ~is_there, change < 0, change > 0],
        ["lost", "returned", "new", "contraction", "expansion"],
        "",
    )
    return Between(frame.assign(flow=flow, was_before=was_before, has_left=is_there & ~stays, was_there=is_there))
