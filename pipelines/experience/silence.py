"""Silence as a warning: accounts that used to answer and stopped, beside those that never did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.experience.clustered import clustered_mean
from pipelines.experience.follow_up import followed, why_no_hazard
from pipelines.experience.found import Found, Verdict
from pipelines.experience.hazards import contrasted

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "silence"
RECENT_DAYS = 180
ANSWERING, NEWLY, ALWAYS, NOT_ASKED = STATES = ("answering", "newly silent", "always silent", "not asked")
FEWEST = 20
"""Accounts in a state, below which nothing is told of it."""
SMALLEST = 0.25
"""Log-odds; a smaller difference is as good as none."""


def silence(data: ExperienceData) -> list[Found]:
    """Return who is silent now, how many of each state left within 90 days (counted), and what silence foretells.

    An account is newly silent where it was asked in the last 180 days and did not answer but had answered before,
    always silent where it was asked and never answered. The comparison is associated, at equal revenue and tenure:
    silence is a sign, and answering for its own sake is no cure.
    """
    if data.invitations.empty:
        return [Found.refused(TOPIC, "silence", "no invitations are known; map survey_invitations")]
    found = [*_now(data)]
    rows = followed(data)
    why = why_no_hazard(rows)
    if why:
        return [*found, Found.refused(TOPIC, "left within 90 days", why)]
    rows = rows.assign(state=np.concatenate([_states(data, own, at) for at, own in rows.groupby("at", sort=False)]))
    return [*found, *_left(rows), *(_contrast(rows, *pair) for pair in ((NEWLY, ANSWERING), (NEWLY, ALWAYS)))]


def silence_states(data: ExperienceData, accounts: pd.Series, at: pd.Timestamp) -> pd.Series:
    """Return the state of each account just before a date, by what was sent and answered before it."""
    sent, answered = data.invitations["sent_at"], data.invitations["answered_at"]
    place = pd.Index(accounts).get_indexer(data.invitations["account_id"])
    since = at - pd.Timedelta(days=RECENT_DAYS)

    def of(which: pd.Series) -> npt.NDArray[np.bool_]:
        """Whether each account has such an invitation."""
        own = place[which.to_numpy() & (place >= 0)]
        return np.bincount(own, minlength=len(accounts)) > 0

    # Who was asked in the last days has hardly had time to answer.
    lately = of((sent >= since) & (sent < at - pd.Timedelta(days=14)))
    spoke, ever = of((answered < at) & (answered >= since)), of(answered < at)
    state = np.select([spoke, lately & ever, lately], [ANSWERING, NEWLY, ALWAYS], NOT_ASKED)
    return pd.Series(state, accounts.index)


def _states(data: ExperienceData, rows: pd.DataFrame, at: object) -> pd.Series:
    return silence_states(data, rows["account_id"], pd.Timestamp(str(at)))


def _now(data: ExperienceData) -> Iterator[Found]:
    own = data.accounts[data.accounts["mrr"] > 0] if (data.accounts["mrr"] > 0).any() else data.accounts
    state = silence_states(data, own["account_id"], data.as_of)
    for name in STATES:
        mine = own[(state == name).to_numpy()]
        share = mine["mrr"].sum() / max(own["mrr"].sum(), 1e-9)
        said = f"{share:.0%} of revenue a month; counted of all accounts, so without interval".replace("%", " %")
        yield Found(TOPIC, "accounts now", len(mine), unit="accounts", group_by="state", group=name,
                    n_accounts=len(mine), sentence=said)  # fmt: skip


def _left(rows: pd.DataFrame) -> Iterator[Found]:
    for name in STATES:
        own = rows[rows["state"] == name]
        n = own["account_id"].nunique()
        if n < FEWEST:
            why = f"{n} accounts; {FEWEST} are needed"
            yield Found.refused(TOPIC, "left within 90 days", why, "state", name)
            continue
        told = clustered_mean(100.0 * own["left"], own["account_id"])
        yield Found(TOPIC, "left within 90 days", told.value, max(told.low, 0.0), told.high, "% of accounts", "counted",
                    "state", name, len(own), n)  # fmt: skip


def _contrast(rows: pd.DataFrame, state: str, beside: str) -> Found:
    figure = f"odds of leaving, {state} beside {beside}"
    few = [name for name in (state, beside) if rows.loc[rows["state"] == name, "account_id"].nunique() < FEWEST]
    own = rows[rows["state"].isin((state, beside))]
    by_state = own.groupby("state")["left"].sum()
    if few or (by_state < 5).any() or len(by_state) < 2:
        why = f"too few accounts that are {' or '.join(few or [state, beside])}, or too few of them that left"
        return Found.refused(TOPIC, figure, why)
    told = contrasted(own.assign(is_it=own["state"] == state), "is_it")
    verdict: Verdict = "found" if told.excludes_zero else "cannot tell"
    verdict = "none found" if max(abs(told.low), abs(told.high)) < SMALLEST else verdict
    said = {"found": "silence foretells", "none found": "no difference worth the name"}.get(verdict, "it may be none")
    value, low, high = (float(np.exp(number)) for number in (told.value, told.low, told.high))
    said += "; at equal revenue and tenure"
    return Found(TOPIC, figure, value, low, high, "times the odds", "associated", n=len(own),
                 n_accounts=told.n_accounts, verdict=verdict, sentence=said)  # fmt: skip
