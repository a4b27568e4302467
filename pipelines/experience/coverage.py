"""How much is known: the share of revenue that was heard of late, and of which a reason was ever stated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipelines.experience.found import Found

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC, UNIT = "coverage", "% of revenue a month"
QUARTER_DAYS, YEAR_DAYS = 91, 365


def coverage(data: ExperienceData) -> list[Found]:
    """Return the shares of today's revenue (counted): heard, asked and silent, not asked this quarter; with a reason.

    Counted of all accounts that pay, so without interval. Where nothing is paid, accounts count alike.
    """
    own = data.accounts[data.accounts["mrr"] > 0]
    own = data.accounts.assign(mrr=1.0) if own.empty else own
    if own.empty:
        return [Found.refused(TOPIC, "revenue heard", "no accounts")]
    quarter, year = (data.as_of - pd.Timedelta(days=days) for days in (QUARTER_DAYS, YEAR_DAYS))
    recent = data.responses[data.responses["answered_at"] >= quarter]
    is_heard = own["account_id"].isin(recent["account_id"])
    asked = data.invitations[data.invitations["sent_at"] >= quarter]["account_id"]
    is_asked = own["account_id"].isin(asked) & ~is_heard
    said = data.responses[data.responses["answered_at"] >= year]
    said = said[said["comment"].fillna("").str.strip().str.len() > 0] if "comment" in said else said.iloc[:0]
    has_reason = own["account_id"].isin(said["account_id"])
    figures = {
        "revenue heard": (is_heard, "answered something in the last 91 days"),
        "revenue asked and silent": (is_asked, "was asked in the last 91 days, and nobody there answered"),
        "revenue neither asked nor heard": (~is_heard & ~is_asked, "was not asked: nothing is known, good or bad"),
        "revenue with a reason": (has_reason, "said something in words in the last 12 months"),
        "revenue without a reason": (~has_reason, "nothing in its own words says why it buys, stays or would leave"),
    }
    return [_told(name, own, which, sentence) for name, (which, sentence) in figures.items()]


def _told(name: str, own: pd.DataFrame, which: pd.Series, sentence: str) -> Found:
    share = 100 * float(own.loc[which, "mrr"].sum() / own["mrr"].sum())
    return Found(TOPIC, name, share, unit=UNIT, n_accounts=int(which.sum()), sentence=sentence)
