"""What accounts did of their own accord in half a year, and how well they were served, one row an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.known import known_rows

if TYPE_CHECKING:
    from features.warehouse import Warehouse
    from pipelines.experience.inputs import ExperienceData

DAYS = 180
LEAST_SHARE, MOST_ITEMS = 0.03, 8
"""An activity is an item of engagement where at least so many accounts did it; the most usual ones are taken."""
LEAVING = ("cancel", "export", "discount", "downgrade", "complain", "terminat")
"""Parts of names of activities that tell of leaving, not of being engaged."""
QUALITY = {"csat": "satisfaction", "ces": "ease", "nps": "recommendation"}
RESPONSE = "quick response"


def engagement_items(warehouse: Warehouse, data: ExperienceData) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return account_id with a column an item, the names of what accounts did, and of how well they were served.

    What they did: counts of each activity of their own (direction in), the most usual eight. How they were served: mean
    satisfaction, ease and recommendation, and how quickly cases were first answered. The company's own activities and
    those that tell of leaving are no items.
    """
    since = data.as_of - pd.Timedelta(days=DAYS)
    served = data.accounts.loc[(data.accounts["mrr"] > 0) | (data.accounts["mrr"].max() == 0), "account_id"].astype(str)
    items = pd.DataFrame({"account_id": served.drop_duplicates()}).set_index("account_id")
    did = _did(warehouse, data.as_of, since)
    shares = did[did["account_id"].isin(items.index)].groupby("event")["account_id"].nunique() / max(len(items), 1)
    usual = shares[shares >= LEAST_SHARE].sort_values(ascending=False, kind="stable").index[:MOST_ITEMS]
    for event in usual:
        own = did[did["event"] == event].set_index("account_id")["n"]
        items[str(event)] = own.reindex(items.index).fillna(0.0)
    quality = _quality(data, since)
    items = items.join(quality, how="left")
    return items.reset_index(), [str(event) for event in usual], [str(name) for name in quality]


def _did(warehouse: Warehouse, as_of: pd.Timestamp, since: pd.Timestamp) -> pd.DataFrame:
    import ibis

    rows = known_rows(warehouse, "activities", as_of)
    if rows is None:
        return pd.DataFrame({"account_id": pd.Series(dtype=str), "event": pd.Series(dtype=str), "n": 0.0})
    own = rows.filter((rows["direction"] != "out").fill_null(True))
    own = own.filter(own["occurred_at"] >= ibis.literal(since.to_pydatetime(), type="timestamp"))
    for name in LEAVING:
        own = own.filter(~own["event"].lower().contains(name))
    counts = own.group_by("account_id", "event").aggregate(n=lambda one: one.count())
    found: pd.DataFrame = counts.to_pyarrow().to_pandas()
    return found.assign(account_id=found["account_id"].astype(str), n=found["n"].astype(float))


def _quality(data: ExperienceData, since: pd.Timestamp) -> pd.DataFrame:
    said = data.responses[(data.responses["answered_at"] >= since) & data.responses["score"].notna()]
    said = said[said["metric"].isin(list(QUALITY))].assign(item=lambda own: own["metric"].map(QUALITY))
    means = said.assign(account_id=said["account_id"].astype(str)).pivot_table(
        index="account_id", columns="item", values="score"
    )
    cases = data.cases[(data.cases["opened_at"] >= since) & data.cases["first_response_at"].notna()]
    hours = (cases["first_response_at"] - cases["opened_at"]).dt.total_seconds() / 3600
    quick = pd.Series(-np.log1p(hours.clip(lower=0).to_numpy(dtype=float)), cases.index, name=RESPONSE)
    return means.join(quick.groupby(cases["account_id"].astype(str)).mean(), how="outer")
