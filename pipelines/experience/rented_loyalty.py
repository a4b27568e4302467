"""Bought loyalty: whether accounts that were given an incentive leave when it ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.experience.adjusting import covariates
from pipelines.experience.found import Found
from pipelines.experience.judged import judged
from pipelines.experience.regression import linear

TOPIC = "rented loyalty"
INCENTIVES = ("discount", "credit", "bonus", "voucher", "incentive", "rebate")
"""Parts of names of interventions that buy loyalty."""
ASSUMED_DAYS = 180
"""How long an incentive lasts, where nothing says so."""
FEWEST_ROWS = 50


def incentives_of(interventions: pd.DataFrame, days: int = ASSUMED_DAYS) -> pd.DataFrame:
    """Return account_id, starts_at and ends_at of incentives that were given; they last so many days: assumed."""
    named = interventions["kind"].astype(str).str.lower().str.contains("|".join(INCENTIVES))
    own = interventions[named & interventions["delivered_at"].notna()]
    starts = pd.to_datetime(own["delivered_at"])
    ends = starts + pd.Timedelta(days=days)
    return pd.DataFrame({"account_id": own["account_id"].astype(str), "starts_at": starts, "ends_at": ends})


def exposed(rows: pd.DataFrame, incentives: pd.DataFrame, *, within_days: int = 90) -> pd.DataFrame:
    """Return account-quarters with under (an incentive runs through the quarter) and ended (just before it)."""
    if rows.empty:
        return rows.assign(under=False, ended=False)
    quarter = pd.Timedelta(days=within_days)
    both = rows[["account_id", "at"]].reset_index(names="row").merge(incentives, on="account_id")
    runs = both["starts_at"] < both["at"]
    ended = both[runs & (both["ends_at"] >= both["at"] - quarter) & (both["ends_at"] < both["at"])]["row"]
    under = both[runs & (both["ends_at"] >= both["at"] + quarter)]["row"]
    is_under = rows.index.isin(under)
    return rows.assign(under=is_under, ended=rows.index.isin(ended) & ~is_under)


def rented_loyalty(rows: pd.DataFrame) -> tuple[Found, ...]:
    """Return by how many percentage points more accounts leave in the quarter after an incentive ended than under one.

    Least squares at equal revenue, tenure and quarter, errors robust between accounts. Both groups were given one, so
    that what made them be given it is in both; it was not taken away by lot.

    Parameters
    ----------
    rows
        of `exposed`: account_id, at, left, mrr, tenure_years, under, ended.
    """
    counts = {name: int(rows[name].sum()) for name in ("under", "ended")} if len(rows) else {"under": 0, "ended": 0}
    if min(counts.values()) < FEWEST_ROWS:
        why = f"{counts['under']} account-quarters under an incentive and {counts['ended']} just after one"
        return (Found.refused(TOPIC, "leave when it ends", f"{why}; {FEWEST_ROWS} of each are needed"),)
    beside = rows.assign(log_mrr=np.log1p(rows["mrr"].astype(float)), quarter=rows["at"].astype(str))
    standing = covariates(beside, ["log_mrr", "tenure_years", "quarter"])
    columns = {"constant": np.ones(len(rows)), "under": rows["under"], "ended": rows["ended"]}
    columns |= {f"standing {place}": column for place, column in enumerate(standing.T)}
    model = linear(100.0 * rows["left"].astype(float), pd.DataFrame(columns, dtype=float), rows["account_id"])
    frame = Found(TOPIC, "", np.nan, unit="percentage points", basis="associated", n_accounts=model.n_accounts)
    drop, held = model.combined({"ended": 1.0, "under": -1.0}), model.of("under")
    said = "in the quarter after an incentive ended, against those under one"
    return (
        judged(replace(frame, figure="leave when it ends", n=counts["ended"], sentence=said), drop.value, drop.error),
        judged(
            replace(frame, figure="leave under an incentive", n=counts["under"], sentence="against those without one"),
            held.value,
            held.error,
        ),
    )
