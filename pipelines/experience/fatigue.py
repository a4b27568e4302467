"""Contact fatigue: how much less people answer for each further time they were asked of late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.found import Found, Verdict, sure
from pipelines.experience.invited import MARGIN_DAYS, asked_before
from pipelines.experience.regression import linear

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC, FIGURE, UNIT = "contact fatigue", "answers lost", "percentage points for each further invitation in 90 days"
FEWEST_AGAIN = 100
SMALLEST_POINTS = 0.5
"""A smaller loss is as good as none; an interval that reaches beyond it cannot rule fatigue out."""


def contact_fatigue(data: ExperienceData) -> list[Found]:
    """Return by kind of survey how much answering goes with having been asked of late (associated), each kind apart.

    Each account is held against itself (fixed effects), month against month: that talkative accounts are asked more
    often and answer more does not count.
    """
    asked = data.invitations[data.invitations["sent_at"] < data.as_of - pd.Timedelta(days=MARGIN_DAYS)]
    if asked.empty:
        return [Found.refused(TOPIC, FIGURE, "no invitations are known; map survey_invitations")]
    asked = asked.assign(before=asked_before(asked), is_answered=asked["answered_at"].notna().astype(float))
    return [_of_kind(str(kind), own) for kind, own in asked.groupby("survey_type", observed=True)]


def _of_kind(kind: str, asked: pd.DataFrame) -> Found:
    again = int((asked["before"] > 0).sum())
    n_accounts = asked["account_id"].nunique()
    if again < FEWEST_AGAIN or asked["is_answered"].nunique() < 2:
        why = f"{again} invitations of people who had been asked within 90 days; {FEWEST_AGAIN} are needed"
        return Found.refused(TOPIC, FIGURE, why, "survey_type", kind)
    within = _within_accounts(asked)
    if float(within["before"].var()) == 0:
        return Found.refused(TOPIC, FIGURE, "every account was always asked as often", "survey_type", kind)
    found = linear(within["is_answered"], within[["before"]], asked["account_id"]).of("before")
    value, low, high = 100 * found.value, 100 * found.low, 100 * found.high
    verdict, said = _verdict(low, high)
    return Found(
        TOPIC, FIGURE, value, low, high, UNIT, "associated", "survey_type", kind, len(asked), n_accounts, verdict, said
    )


def _verdict(low: float, high: float) -> tuple[Verdict, str]:
    if sure(low, high) < 0:
        return "found", "the same account answers less after it was asked more; ask less often"
    if low > -SMALLEST_POINTS:
        return "none found", f"a loss of more than {SMALLEST_POINTS:g} points is ruled out"
    return "cannot tell", f"the interval holds both nothing and a loss of more than {SMALLEST_POINTS:g} points"


def _within_accounts(asked: pd.DataFrame) -> pd.DataFrame:
    """Both numbers less their account's mean and their month's, by turns until neither is left."""
    month = asked["sent_at"].to_numpy().astype("datetime64[M]").astype(np.int64)
    keys = [asked["account_id"].factorize()[0], pd.factorize(month)[0]]
    numbers = asked[["before", "is_answered"]].astype(float).reset_index(drop=True)
    for _ in range(20):
        for key in keys:
            numbers = numbers - numbers.groupby(key).transform("mean")
    return numbers
