"""What becomes of accounts whose champion goes, whether someone follows, and how many hang by one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.follow_up import QUARTER_DAYS, followed, why_no_hazard
from pipelines.experience.found import Found, verdict_of
from pipelines.experience.hazards import contrasted

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "champions"
EXIT, UNFILLED = "odds of leaving after a champion's exit", "odds of leaving where nobody follows"
FEWEST_EXITS = 20
SMALLEST = 0.25


def champions(data: ExperienceData) -> list[Found]:
    """Return how much more accounts leave in the quarter after their primary contact went, and how many are thin.

    Associated: beside accounts whose primary contact stays, at equal revenue and tenure; and among exits, where no
    other primary contact is there yet by the quarter's start beside where one is.
    """
    if not data.contacts["is_primary"].fillna(False).any():
        return [Found.refused(TOPIC, EXIT, "no primary contact is known; map contacts with is_primary")]
    rows = followed(data)
    why = why_no_hazard(rows)
    thin = _single_threads(data)
    if why:
        return [Found.refused(TOPIC, EXIT, why), thin]
    exits = pd.concat([_exits(data, own) for _, own in rows.groupby("at")], ignore_index=True)
    left = _told(EXIT, exits.assign(contrast=exits["went"]), "went")
    gone = exits[exits["went"]].reset_index(drop=True)
    return [left, _told(UNFILLED, gone.assign(contrast=~gone["filled"]), "went and was not followed"), thin]


def _exits(data: ExperienceData, rows: pd.DataFrame) -> pd.DataFrame:
    """The followed rows of accounts with a primary contact: whether one went in the quarter before, and is followed."""
    at = rows["at"].iloc[0]
    own = data.contacts[data.contacts["is_primary"].fillna(False).astype(bool)]
    began = own["active_from"].isna() | (own["active_from"] < at)
    before = own[began]
    went = before[(before["active_to"] >= at - pd.Timedelta(days=QUARTER_DAYS)) & (before["active_to"] < at)]
    there = before[before["active_to"].isna() | (before["active_to"] >= at)]
    known = rows[rows["account_id"].isin(there["account_id"]) | rows["account_id"].isin(went["account_id"])]
    return known.assign(
        went=known["account_id"].isin(went["account_id"]), filled=known["account_id"].isin(there["account_id"])
    )


def _told(figure: str, rows: pd.DataFrame, what: str) -> Found:
    n = int(rows["contrast"].sum())
    left = rows.groupby("contrast")["left"].sum()
    if n < FEWEST_EXITS or len(rows) - n < FEWEST_EXITS or left.min() < 3:
        why = f"{n} quarters in which one {what}, or too few that left; {FEWEST_EXITS} are needed"
        return Found.refused(TOPIC, figure, why)
    told = contrasted(rows, "contrast")
    value, low, high = (float(np.exp(number)) for number in (told.value, told.low, told.high))
    verdict, said = verdict_of(told.low, told.high, SMALLEST), f"{n} quarters in which one {what}"
    return Found(TOPIC, figure, value, low, high, "times the odds", "associated", n=n, n_accounts=told.n_accounts,
                 verdict=verdict, sentence=said)  # fmt: skip


def _single_threads(data: ExperienceData) -> Found:
    there = data.contacts[data.contacts["active_to"].isna()]
    n = there[there["account_id"].isin(data.accounts.loc[data.accounts["mrr"] > 0, "account_id"])]
    by = n.groupby("account_id").size()
    if by.empty:
        return Found.refused(TOPIC, "accounts on one contact", "no contact of an account that pays is known")
    one = by.index[by == 1]
    paid = data.accounts.set_index("account_id")["mrr"]
    share = float(paid.reindex(one).sum() / paid.reindex(by.index).sum())
    said = f"{len(one)} of {len(by)} accounts know one person only; {share:.0%} of their revenue; counted"
    return Found(TOPIC, "accounts on one contact", 100 * len(one) / len(by), unit="% of accounts",
                 n_accounts=len(by), sentence=said.replace("%", " %"))  # fmt: skip
