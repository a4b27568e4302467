"""Whether those who do not answer feel differently: told by what was said at the same account at the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.invited import design, independent
from pipelines.experience.regression import Fit, logit

if TYPE_CHECKING:
    from pipelines.experience.found import Verdict

WITHIN_DAYS = 45
FEWEST_TOLD = 200
"""Invitations beside which something else was said, before silence is looked into."""
DETECTABLE = 0.25
"""Log-odds for one standard deviation of the score: the test has to be able to see so much."""


@dataclass(frozen=True, slots=True)
class MoodTest:
    """Whether answering goes along with the score (found), does not (none found), or cannot be told."""

    verdict: Verdict
    sentence: str
    log_odds: float = np.nan
    error: float = np.nan


def mood_test(rows: pd.DataFrame, answers: pd.DataFrame) -> MoodTest:
    """Return whether those whose account otherwise sounded worse answered less, all else that is known being equal.

    The account's mood is the mean of its other answers within 45 days, standardised within their metric, kind of survey
    and touchpoint; answers to the invitation itself do not count. Where those feel no different, answering is taken to
    depend on what is known; a test too weak to see 0.25 log-odds for a standard deviation cannot tell.
    """
    mood = other_mood(rows, answers)
    own = rows.assign(mood=mood).dropna(subset=["mood"]).reset_index(drop=True)
    enough = own["is_answered"].nunique() == 2 and own["mood"].std() > 0
    if len(own) < FEWEST_TOLD or not enough:
        said = f"whether answering depends on the score cannot be tested ({len(own)} invitations beside which others "
        return MoodTest("cannot tell", f"{said}answered; {FEWEST_TOLD} are needed)")
    X = independent(design(own).assign(mood=(own["mood"] - own["mood"].mean()) / own["mood"].std()))
    found = logit(own["is_answered"], X, own["account_id"]).of("mood")
    return _verdict(found)


def _verdict(found: Fit) -> MoodTest:
    told = f"{found.value:+.2f} log-odds of answering for a standard deviation of what others said ({found.interval})"
    if found.excludes_zero:
        return MoodTest("found", f"answering depends on the score: {told}", found.value, found.error)
    if max(abs(found.low), abs(found.high)) > DETECTABLE:
        return MoodTest("cannot tell", f"too little to see whether answering depends on the score: {told}",
                        found.value, found.error)  # fmt: skip
    return MoodTest("none found", f"no sign that answering depends on the score: {told}", found.value, found.error)


def other_mood(rows: pd.DataFrame, answers: pd.DataFrame) -> pd.Series:
    """Return the mean standardised score of each row's account in other answers within 45 days; NaN without any."""
    kinds = ["metric", "survey_type", "touchpoint"]
    by = answers.groupby(kinds, observed=True)["score"]
    z = (answers["score"] - by.transform("mean")) / by.transform("std").replace(0.0, np.nan)
    said = answers.assign(z=z)[["account_id", "answered_at", "invitation_id", "z"]].dropna(subset=["z"])
    asked = rows[["account_id", "sent_at", "invitation_id"]].reset_index(names="place")
    pairs = asked.merge(said, on="account_id", suffixes=("", "_other"))
    apart = (pairs["answered_at"] - pairs["sent_at"]).abs() <= pd.Timedelta(days=WITHIN_DAYS)
    is_other = pairs["invitation_id_other"].isna() | (pairs["invitation_id_other"] != pairs["invitation_id"])
    mood: pd.Series = pairs[apart & is_other].groupby("place")["z"].mean().reindex(range(len(rows)))
    return mood.set_axis(rows.index)
