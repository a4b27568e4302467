"""Everyone who was asked, whether they answered and what, and what was known of them when they were asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.metrics import metric_values
from pipelines.experience.monthly import IN, month_of

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

FATIGUE_DAYS = 90
MARGIN_DAYS = 30
"""Who was asked later than so long before the as-of date may still answer."""
DAY = np.timedelta64(1, "D")
SMALLEST_SPREAD = 1e-6
FEWEST_OF_ROLE = 50
"""Roles asked more rarely count as one."""


def invited(data: ExperienceData, metric: str) -> pd.DataFrame:
    """Return one row for each invitation to surveys that ask for a metric, with what was known when it was sent.

    Columns: account_id, contact_id, survey_type, touchpoint, sent_at, is_answered, value (the metric's, NaN where
    unanswered), role, and numbers known before it was sent: log_mrr (now, as revenue is known), tenure_years,
    log_activity (things done by the account in the month before), n_asked_90d (earlier invitations of the contact, of
    the account where the contact is not known).
    """
    asked = data.invitations[data.invitations["sent_at"] < data.as_of - MARGIN_DAYS * DAY]
    answers = data.responses[(data.responses["metric"] == metric) & data.responses["score"].notna()]
    answers = answers.assign(value=metric_values(answers)).drop_duplicates("invitation_id")
    found = asked.merge(answers[["invitation_id", "value"]].dropna(), on="invitation_id", how="left")
    asks = found.groupby(["survey_type", "touchpoint"], dropna=False, observed=True)["value"].transform("count") > 0
    # A survey that asks for several metrics was answered even where this one was left out.
    own = _with_what_was_known(found[asks].copy(), data)
    return own.assign(is_answered=own["value"].notna()).reset_index(drop=True)


def asked_before(rows: pd.DataFrame, days: int = FATIGUE_DAYS) -> np.ndarray:
    """Return how many earlier invitations of the same contact (else account) lie within so many days of each."""
    who = rows["contact_id"].fillna("of " + rows["account_id"].astype(str)).factorize()[0].astype(np.int64)
    at = rows["sent_at"].to_numpy().astype("datetime64[s]").astype(np.int64)
    at = at - (at.min() if len(at) else 0)
    span = int(at.max() if len(at) else 0) + 2 * days * 86_400 + 1
    key = who * span + at
    order = np.sort(key)
    return np.searchsorted(order, key) - np.searchsorted(order, key - days * 86_400)


def design(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers that answering is explained by: a constant, standardised numbers and squares, and roles.

    Columns that do not vary, or that others tell, are left out.
    """
    numbers = rows[["log_mrr", "tenure_years", "log_activity", "n_asked_90d"]].astype(float)
    spread = numbers.std()
    numbers = (numbers - numbers.mean()) / spread.where(spread > SMALLEST_SPREAD)
    squares = (numbers**2).add_suffix("_squared")
    often = rows["role"].map(rows["role"].value_counts())
    roles = pd.get_dummies(rows["role"].where(often >= FEWEST_OF_ROLE, "rare"), drop_first=True, dtype=float)
    told = pd.concat([numbers, squares, roles.add_prefix("role ")], axis=1).dropna(axis=1)
    return independent(told.assign(constant=1.0)[["constant", *told]])


def independent(X: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that those before them do not tell already.

    >>> list(independent(pd.DataFrame({"a": [1.0, 2, 3], "twice": [2.0, 4, 6], "b": [1.0, 0, 1]})))
    ['a', 'b']
    """
    unit = X / np.sqrt((X**2).mean()).replace(0.0, 1.0)
    diagonal = np.abs(np.diag(np.linalg.qr(unit.to_numpy(dtype=float), mode="r")))
    return X[[name for name, left in zip(X, diagonal, strict=False) if left > SMALLEST_SPREAD * np.sqrt(len(X))]]


def _with_what_was_known(rows: pd.DataFrame, data: ExperienceData) -> pd.DataFrame:
    own = data.accounts[["account_id", "mrr", "created_at"]]
    rows = rows.merge(own, on="account_id", how="left")
    done = data.activity[data.activity["stream"] == IN][["account_id", "month", "n"]]
    before = month_of(month_of(rows["sent_at"]) - DAY)
    rows = rows.assign(month=before).merge(done, on=["account_id", "month"], how="left")
    tenure = (rows["sent_at"] - rows["created_at"]).dt.days.fillna(0.0) / 365.25
    return rows.assign(
        log_mrr=np.log1p(rows["mrr"].fillna(0.0)),
        tenure_years=tenure,
        log_activity=np.log1p(rows["n"].fillna(0.0)),
        n_asked_90d=asked_before(rows),
    )
