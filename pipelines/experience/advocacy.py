"""Who may be asked to recommend: content, not asked yet, and with nothing open that hurts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import share_interval
from pipelines.experience.account_year import ANSWERS_DAYS, DAYS_A_YEAR, PROMOTES
from pipelines.experience.found import Found

TOPIC = "advocacy"
HARMLESS = ("low", "normal", "medium", "minor")
"""Priorities of a case beside which one may ask; any other, or none said, is severe: better not to ask than to hurt."""
FEWEST = 10
ASK_COLUMNS = ("account_id", "score", "answered_at", "mrr")


@dataclass(frozen=True)
class AskList:
    """Whom to ask (account_id, score from 0 to 10, answered_at, mrr; the most content first), and the figures of it."""

    accounts: pd.DataFrame
    found: tuple[Found, ...]


def ask_list(
    answers: pd.DataFrame, accounts: pd.DataFrame, cases: pd.DataFrame, asked: pd.DataFrame, as_of: pd.Timestamp
) -> AskList:
    """Return whom to ask for a reference: accounts that never have an open severe case.

    Parameters
    ----------
    answers
        account_id, answered_at, score (0 to 10): recommendation. Each account's mean of the last 180 days counts, and
        the latest must be a promoter's too.
    accounts
        account_id, mrr (0: left).
    cases
        account_id, closed_at (missing: open), priority, is_escalated.
    asked
        account_id, at: references asked for or given; who did so within a year is left alone.
    """
    promoters = _promoters(answers, as_of)
    served = accounts.assign(account_id=accounts["account_id"].astype(str))[["account_id", "mrr"]]
    promoters = promoters.merge(served[served["mrr"] > 0], on="account_id")
    recently = asked.loc[asked["at"] >= as_of - pd.Timedelta(days=DAYS_A_YEAR), "account_id"].astype(str)
    is_asked = promoters["account_id"].isin(set(recently)).to_numpy()
    is_hurt = promoters["account_id"].isin(hurt(cases)).to_numpy()
    order = promoters[~is_asked & ~is_hurt].sort_values(["score", "mrr", "account_id"], ascending=[False, False, True])
    return AskList(order[list(ASK_COLUMNS)].reset_index(drop=True), _figures(is_asked, is_hurt))


def hurt(cases: pd.DataFrame) -> set[str]:
    """Return the accounts with an open severe case: escalated, or of a priority that is not known to be harmless."""
    is_open = cases["closed_at"].isna()
    is_harmless = cases["priority"].astype(object).map(lambda name: str(name).strip().lower() in HARMLESS)
    escalated = cases["is_escalated"].astype("boolean").fillna(False).astype(bool)
    return set(cases.loc[is_open & (~is_harmless.astype(bool) | escalated), "account_id"].astype(str))


def _promoters(answers: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    start = as_of - pd.Timedelta(days=ANSWERS_DAYS)
    own = answers[(answers["answered_at"] >= start) & (answers["answered_at"] < as_of)].sort_values("answered_at")
    by_account = own.assign(account_id=own["account_id"].astype(str)).groupby("account_id")
    said = by_account.agg(score=("score", "mean"), last=("score", "last"), answered_at=("answered_at", "last"))
    return said[(said["score"] >= PROMOTES) & (said["last"] >= PROMOTES)].reset_index()


def _figures(is_asked: np.ndarray, is_hurt: np.ndarray) -> tuple[Found, ...]:
    n, n_asked = len(is_asked), int(is_asked.sum())
    if n < FEWEST:
        why = f"{n} accounts promote; {FEWEST} are needed for a share"
        return (Found.refused(TOPIC, "promoters never asked", why),)
    share = 1 - n_asked / n
    low, high = share_interval(share, float(np.sqrt(share * (1 - share) / n)), n)
    waits = int((~is_asked & is_hurt).sum())
    said = f"{waits} of them have an open severe case and are not to be asked now"
    to_ask = Found(TOPIC, "accounts to ask", n - n_asked - waits, unit="accounts", n_accounts=n,
                   sentence="counted, no sample: no interval")  # fmt: skip
    return (
        Found(TOPIC, "promoters never asked", 100 * share, 100 * low, 100 * high, "%", n_accounts=n, sentence=said),
        to_ask,
    )
