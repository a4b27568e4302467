"""Whether the gap between experience and expectation foretells leaving, and what of a history does beside its mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.follow_up import why_no_hazard
from pipelines.experience.found import Found, Verdict, sure, verdict_of
from pipelines.experience.hazards import added_risk, gain, leads
from pipelines.experience.history import histories

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC, RULE_TOPIC = "experience and leaving", "combination rule"
SHAPES = ("spread", "worst", "last", "bad_share", "unrecovered")
RULES = {"mean": "level", "peak-end": "peak_end", "weakest link": "weakest"}
"""How moments add up to an experience, and the column that says so."""
SMALLEST = 0.2
"""Log-odds for a standard deviation; a smaller difference is as good as none."""
SMALLEST_GAIN = 2.0
GAIN_UNIT, RISK_UNIT = "log-likelihood for 1,000 account-quarters", "log-odds of leaving for a standard deviation"
FEWEST_QUARTERS = 6


def experience_and_leaving(data: ExperienceData) -> list[Found]:
    """Return what of an account's scores foretells leaving within 90 days, at equal revenue, tenure and level.

    The gap (level of the last 90 days less what the account was used to) is judged on later quarters beside a hazard
    with the level alone; spread, worst, last, share of bad scores and whether the last was bad are each added to the
    level. Associated, not caused.
    """
    rows = histories(data)
    why = _why_not(rows)
    if why:
        return [Found.refused(TOPIC, figure, why) for figure in ("gain by the gap", *SHAPES)]
    known = rows.dropna(subset=["gap"]).reset_index(drop=True)
    return [_gain(known), *_shapes(rows)]


def combination_rule(data: ExperienceData) -> list[Found]:
    """Return which rule by which moments add up to an experience foretells leaving best, or that none stands out.

    Mean of all (compensatory), peak and end (Kahneman 1993), or the weakest touchpoint (conjunctive). A rule is found
    where departures are likelier under it than under each other, by an interval that has room for both comparisons.
    """
    rows = histories(data)
    why = _why_not(rows) or _one_place(data)
    if why:
        return [Found.refused(RULE_TOPIC, "rule", why)]
    names = list(RULES)
    beside = {(a, b): leads(rows, [RULES[a]], [RULES[b]]) for a in names for b in names if a != b}
    best = max(names, key=lambda name: sum(beside[name, other].value for other in names if other != name))
    others = [beside[best, other] for other in names if other != best]
    # Three rules were looked at: the interval of the best has to be wider than that of one comparison.
    lows = [one.value - 2.4 * one.error for one in others]
    nearest = others[int(np.argmin(lows))]
    verdict: Verdict = "found" if min(lows) > 0 else "cannot tell"
    said = f"{best} foretells best" if verdict == "found" else f"not distinguishable; {best} is ahead by chance or not"
    low, high = nearest.value - 2.4 * nearest.error, nearest.value + 2.4 * nearest.error
    return [
        Found(RULE_TOPIC, "rule", nearest.value, low, high, f"{GAIN_UNIT} beside the next best", "predicted", "rule",
              best, len(rows), rows["account_id"].nunique(), verdict, said),
    ]  # fmt: skip


def _gain(rows: pd.DataFrame) -> Found:
    told = gain(rows, ["recent", "expected"], ["recent"])
    verdict = verdict_of(told.low, told.high, SMALLEST_GAIN)
    said = "a hazard that knows what the account was used to foretells better"
    said = said if sure(told.low, told.high) > 0 else "what the account was used to adds nothing that can be shown"
    verdict = "cannot tell" if verdict == "found" and told.low <= 0 else verdict
    return Found(TOPIC, "gain by the gap", told.value, told.low, told.high, GAIN_UNIT, "predicted", n=len(rows),
                 n_accounts=rows["account_id"].nunique(), verdict=verdict, sentence=said)  # fmt: skip


def _shapes(rows: pd.DataFrame) -> Iterator[Found]:
    for name in SHAPES:
        told = added_risk(rows, name, ["level"])
        if told is None:
            yield Found.refused(TOPIC, name, "it is the same for all, or told by the level")
            continue
        yield Found(TOPIC, name, told.value, told.low, told.high, RISK_UNIT, "associated", n=len(rows),
                    n_accounts=told.n_accounts, verdict=verdict_of(told.low, told.high, SMALLEST),
                    sentence="at equal mean score")  # fmt: skip


def _why_not(rows: pd.DataFrame) -> str | None:
    if len(rows) and rows["at"].nunique() < FEWEST_QUARTERS:
        return f"{rows['at'].nunique()} quarters were followed; {FEWEST_QUARTERS} are needed"
    return why_no_hazard(rows) if len(rows) else "no account with three scores in a year was followed"


def _one_place(data: ExperienceData) -> str | None:
    n = data.responses.loc[data.responses["metric"] != "need", "touchpoint"].nunique()
    return None if n > 1 else f"{n} touchpoint is scored; 2 are needed to tell a weakest one"
