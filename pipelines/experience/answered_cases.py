"""Answers beside the case they are about: what was felt, and how long was waited for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.metrics import metric_values

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

WITHIN_DAYS = 21
"""An answer is about the account's last case closed before it, if that is no older."""
METRICS = ("csat", "ces", "nps")
"""The first of which there are answers on cases."""


def answered_cases(data: ExperienceData) -> pd.DataFrame:
    """Return one row a case that was answered upon: account_id, at, score, prompt, lag_days, touchpoint, and segments.

    `score` is standardised (one metric only), `value` the metric's as `metrics` has it; `prompt` is minus the logarithm
    of the hours to the first response, so that more is better; `at` is when the case was closed, `order` its number
    among the account's cases, `lag_days` from then to the answer.
    """
    cases = prompt_cases(data)
    answers = data.responses[data.responses["score"].notna() & (data.responses["survey_type"] == "event")]
    metric = next((name for name in METRICS if (answers["metric"] == name).any()), None)
    if metric is None or cases.empty:
        return pd.DataFrame(columns=["account_id", "at", "score", "value", "prompt", "order", "lag_days", "touchpoint"])
    own = answers[answers["metric"] == metric]
    own = own.assign(value=metric_values(own))[["account_id", "answered_at", "score", "value", "touchpoint"]]
    joined = pd.merge_asof(
        own.assign(answered_at=own["answered_at"].astype("datetime64[us]")).sort_values("answered_at"),
        cases.sort_values("at"),
        left_on="answered_at",
        right_on="at",
        by="account_id",
        tolerance=pd.Timedelta(days=WITHIN_DAYS),
    ).dropna(subset=["prompt"])
    joined = joined.drop_duplicates(["account_id", "order"], keep="first")
    score = (joined["score"] - joined["score"].mean()) / (joined["score"].std() or 1.0)
    lag = (joined["answered_at"] - joined["at"]).dt.total_seconds() / 86_400
    found = joined.assign(score=score, lag_days=lag).merge(data.segments, on="account_id", how="left")
    return found.reset_index(drop=True)


def prompt_cases(data: ExperienceData) -> pd.DataFrame:
    """Return account_id, at (closed), prompt and order of all cases that were answered, in each account's order."""
    cases = data.cases.dropna(subset=["first_response_at", "closed_at"])
    hours = (cases["first_response_at"] - cases["opened_at"]).dt.total_seconds() / 3600
    found = pd.DataFrame({"account_id": cases["account_id"], "at": cases["closed_at"].astype("datetime64[us]")})
    found = found.assign(prompt=-np.log(np.maximum(hours, 0.05))).sort_values(["account_id", "at"], ignore_index=True)
    return found.assign(order=found.groupby("account_id").cumcount())
