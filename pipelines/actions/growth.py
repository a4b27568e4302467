"""Who may grow: near what it pays for, or saying so; and never asked while it is at risk or in pain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from pipelines.drivers.nuisance import Binned, Floats
from pipelines.experience.found import Found

if TYPE_CHECKING:
    from pipelines.actions.facts import Facts

TOPIC = "growth"
COLUMNS = (
    "seats_now", "mrr_now", "tenure_days", "active_contacts_90d", "activities_90d", "usage_trend_90d", "usage_mean_90d",
    "nps_last", "cases_90d", "contacts_joined_180d", "seats_change_180d", "days_to_renewal", "employees",
)  # fmt: skip
CEILING, MENTIONS = "ceiling", "mentions"
WITHIN_DAYS, GREW = 180, 1.05
FEWEST_GREW = 30
NEED_WORDS = ("upgrade", "more seats", "more licen", "additional", "another team", "expand", "higher plan", "add-on")
NEAR = 0.8
"""Of what it pays for, in use: from here on it is near the ceiling."""
USABLE_AUC = 0.6


@dataclass(frozen=True, eq=False)
class Growth:
    """Who may grow (account_id, grow_prob, ceiling, mentions, answer, why; likeliest first), and how surely."""

    accounts: pd.DataFrame
    found: tuple[Found, ...]


def signals(rows: pd.DataFrame, mentions: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Return the columns that foretell growth: those of the panel, seats in use, and mentions of a need."""
    own = pd.DataFrame({name: rows[name].astype(float) for name in COLUMNS if name in rows}, index=rows.index)
    if {"active_contacts_90d", "seats_now"} <= set(own):
        own[CEILING] = own["active_contacts_90d"] / own["seats_now"].where(own["seats_now"] > 0)
    if mentions is not None:
        own[MENTIONS] = rows["account_id"].astype(str).map(mentions).fillna(0).astype(float)
    return own


def mentions_of(responses: pd.DataFrame, since: pd.Timestamp) -> dict[str, int]:
    """Return by account how many comments since a date speak of needing more.

    >>> at = pd.Timestamp("2025-01-02")
    >>> rows = pd.DataFrame({"account_id": ["a", "a"], "answered_at": [at, at], "comment": ["need MORE seats", "fine"]})
    >>> mentions_of(rows, pd.Timestamp("2025-01-01"))
    {'a': 1}
    """
    own = responses[responses["answered_at"] >= since].dropna(subset=["comment"])
    speaks = own["comment"].astype("str").str.lower().str.contains("|".join(NEED_WORDS))
    return {str(name): int(n) for name, n in own[speaks].groupby("account_id").size().items()}


def grew(rows: pd.DataFrame, revenue: pd.DataFrame, until: pd.Timestamp) -> Floats:
    """Return (n,) whether what each row's account pays rose by 5 % within 180 days of its as_of; NaN while not due.

    `revenue` has account_id, month and mrr at the end of each month.
    """
    paid = revenue.astype({"account_id": "str"}).set_index(["account_id", "month"])["mrr"]
    before = (rows["as_of"] - pd.DateOffset(months=1)).dt.to_period("M").dt.to_timestamp()
    after = (rows["as_of"] + pd.DateOffset(months=5)).dt.to_period("M").dt.to_timestamp()
    ids = rows["account_id"].astype(str)
    was, became = (paid.reindex(pd.MultiIndex.from_arrays([ids, at])).to_numpy(dtype=float) for at in (before, after))
    is_due = (rows["as_of"] + pd.Timedelta(days=WITHIN_DAYS) <= until).to_numpy()
    return np.where(is_due & (was > 0), np.nan_to_num(became) > GREW * was, np.nan)


def growth(past: pd.DataFrame, target: Floats, today: pd.DataFrame, facts: Facts, *, seed: int) -> Growth:
    """Return who may grow.

    Parameters
    ----------
    past, today
        `signals` of past rows (with account_id and as_of) and of the accounts of `facts`, in their order.
    target
        of past rows, as `grew` tells it.
    """
    names = [name for name in today if name in past]
    due = np.isfinite(target)
    n_grew = int(np.nansum(target))
    if n_grew < FEWEST_GREW or n_grew == due.sum():
        why = f"{n_grew} accounts grew; {FEWEST_GREW} are needed to foretell it"
        return Growth(_answers(today, np.full(len(today), np.nan), facts), (Found.refused(TOPIC, "order", why),))
    own, y = past[due].reset_index(drop=True), target[due].astype(np.int64)
    X = own[names].to_numpy(dtype=np.float32)
    last = own["as_of"] == own["as_of"].max()
    binned = Binned.of(X)
    auc = _auc(binned, y, last.to_numpy(), own["as_of"], seed)
    booster = binned.learnt(y, np.arange(len(y)), n_trees=40, seed=seed)
    usable = booster is not None and (auc is None or auc >= USABLE_AUC)
    known = np.asarray(booster.predict(today[names].to_numpy(dtype=np.float32))) if usable and booster else None
    found = Found.refused(TOPIC, "order", "too few grew at the last date to judge by")
    if auc is not None:
        half = 1.96 * _auc_error(auc, y[last.to_numpy()])
        found = Found(TOPIC, "order", auc, auc - half, min(auc + half, 1.0), "AUC, out of time", "predicted",
                      n=int(last.sum()), n_accounts=int(last.sum()),
                      verdict="found" if auc - half > 0.5 else "none found",
                      sentence="0.5 is guessing; on the last date, by a model of dates 180 days before")  # fmt: skip
    prob = np.full(len(today), np.nan) if known is None else known
    return Growth(_answers(today, prob, facts), (found,))


def _answers(today: pd.DataFrame, prob: Floats, facts: Facts) -> pd.DataFrame:
    accounts = facts.accounts
    ceiling = today[CEILING].to_numpy(dtype=float) if CEILING in today else np.full(len(today), np.nan)
    mentions = today[MENTIONS].to_numpy(dtype=float) if MENTIONS in today else np.zeros(len(today))
    wants = (np.nan_to_num(ceiling) >= NEAR) | (mentions > 0)
    likely = prob >= np.nanquantile(prob, 0.9) if np.isfinite(prob).any() else np.zeros(len(prob), dtype=bool)
    waits = np.array(accounts["is_hurt"].astype(bool)) | (accounts["tier"] == "high").to_numpy()
    forbidden = np.zeros(len(waits), dtype=bool) if facts.forbidden is None else facts.forbidden
    may = (wants | likely) & ~forbidden
    answer = np.select([may & waits, may], ["not now", "offer"], "no sign")
    why = np.select(
        [forbidden, may & np.array(accounts["is_hurt"].astype(bool)), may & waits, wants, likely],
        ["not to be contacted", "has an open severe case: mend it first", "at high risk: help it first",
         "near what it pays for, or says that it needs more", "like accounts that grew"],
        "",
    )  # fmt: skip
    rows = pd.DataFrame({"account_id": accounts["account_id"], "grow_prob": prob, "ceiling": ceiling})
    rows = rows.assign(mentions=mentions.astype(int), answer=answer, why=why)
    return rows.sort_values(["grow_prob", "account_id"], ascending=[False, True], ignore_index=True)


def _auc(binned: Binned, y: np.ndarray, last: np.ndarray, as_of: pd.Series, seed: int) -> float | None:
    """How well the last date's growers are ordered by a model of dates whose outcome was known then."""
    early = (as_of <= as_of.max() - pd.Timedelta(days=WITHIN_DAYS)).to_numpy()
    booster = binned.learnt(y, np.flatnonzero(early), n_trees=40, seed=seed) if early.any() else None
    if booster is None or not 10 <= y[last].sum() < last.sum():
        return None
    return float(roc_auc_score(y[last], booster.predict(binned.matrix[last], num_threads=1)))


def _auc_error(auc: float, y: np.ndarray) -> float:
    """Hanley and McNeil (1982), Radiology 143."""
    n1, n0 = y.sum(), len(y) - y.sum()
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    return float(np.sqrt((auc * (1 - auc) + (n1 - 1) * (q1 - auc**2) + (n0 - 1) * (q2 - auc**2)) / (n1 * n0)))
