"""Whether the reasons that unhappy accounts state are borne out by what had happened to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.clustered import clustered_mean, too_few
from pipelines.experience.found import Found, verdict_of
from pipelines.experience.value.price_acceptance import price_rises
from pipelines.experience.voice.lexicon import read_lexicon, words_in
from pipelines.experience.voice.reasons import DOMAINS, OWN

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC, MORE = "coverage", "borne out more than by chance"
YEAR_DAYS, HALF_YEAR_DAYS = 365, 180
UNHAPPY = 0.6
"""Score, from 0 to 1, up to which words are taken as what is wrong: a detractor's."""
KEPT = 0.75
"""Of the active days of the three months before those: less of them is use that fell."""
SMALLEST_POINTS = 5.0


def borne_out(data: ExperienceData) -> list[Found]:
    """Return how often a stated reason goes with behaviour of its own kind, and how much oftener than by chance.

    Of the last year's words of unhappy answers: service goes with a case in the half year before them, product with use
    of one's own that fell by a quarter and more, price with a dearer contract in the year before. Chance is how often
    that behaviour is among all who stated one of these reasons. Errors count accounts.
    """
    said = _stated(data)
    why = too_few(len(said), said["account_id"].nunique())
    if why:
        return [Found.refused(TOPIC, MORE, f"of unhappy answers with a reason in words there are {why}")]
    behaved = pd.DataFrame({"service": _had_case(data, said), "product": _used_less(data, said),
                            "price": _paid_more(data, said)})  # fmt: skip
    own = np.array([behaved.at[row, domain] for row, domain in said["domain"].items()], dtype=float)
    apart = own - said["domain"].map(behaved.mean()).to_numpy(dtype=float)
    share, more = (clustered_mean(pd.Series(100.0 * of), said["account_id"]) for of in (own, apart))
    return [
        Found(TOPIC, "reasons borne out", share.value, max(share.low, 0.0), min(share.high, 100.0), "% of reasons",
              "counted", n=len(said), n_accounts=share.n_accounts,
              sentence="service with a case, product with use that fell, price with a dearer contract"),
        Found(TOPIC, MORE, more.value, more.low, more.high, "percentage points", "associated", n=len(said),
              n_accounts=more.n_accounts, verdict=verdict_of(more.low, more.high, SMALLEST_POINTS),
              sentence="beside all who stated one of these reasons"),
    ]  # fmt: skip


def _stated(data: ExperienceData) -> pd.DataFrame:
    """account_id, at, domain: one row an answer and domain that it names."""
    since = data.as_of - pd.Timedelta(days=YEAR_DAYS)
    own = data.responses[(data.responses["answered_at"] >= since) & (data.responses["score"] <= UNHAPPY)]
    named = words_in(own["comment"].astype("str"), read_lexicon(OWN, DOMAINS)).drop_duplicates(["row", "cluster"])
    named = named[named["cluster"] != "own affairs"]
    rows = own.loc[named["row"], ["account_id", "answered_at"]].reset_index(drop=True)
    told = rows.assign(account_id=rows["account_id"].astype(str), domain=named["cluster"].to_numpy())
    return told.rename(columns={"answered_at": "at"})


def _had_case(data: ExperienceData, said: pd.DataFrame) -> pd.Series[bool]:
    return _befell(said, data.cases.rename(columns={"opened_at": "then"}), HALF_YEAR_DAYS)


def _paid_more(data: ExperienceData, said: pd.DataFrame) -> pd.Series[bool]:
    if data.subscriptions.empty:
        return pd.Series(False, said.index)
    rises = price_rises(data.subscriptions, data.as_of + pd.Timedelta(days=YEAR_DAYS))
    return _befell(said, rises.rename(columns={"at": "then"}), YEAR_DAYS)


def _befell(said: pd.DataFrame, events: pd.DataFrame, days: int) -> pd.Series[bool]:
    """Whether an account's words came within so many days after an event of its own."""
    own = events[["account_id", "then"]].assign(account_id=events["account_id"].astype(str))
    both = said.reset_index(names="row").merge(own, on="account_id")
    ago = (both["at"] - both["then"]).dt.total_seconds() / 86_400
    return pd.Series(said.index.isin(both.loc[(ago > 0) & (ago <= days), "row"]), said.index)


def _used_less(data: ExperienceData, said: pd.DataFrame) -> pd.Series[bool]:
    """Whether active days of the three whole months before the words were fewer than in the three before those."""
    own = data.activity[data.activity["stream"] == "in"][["account_id", "month", "days"]]
    both = said.reset_index(names="row").merge(own.assign(account_id=own["account_id"].astype(str)), on="account_id")
    ago = 12 * (both["at"].dt.year - both["month"].dt.year) + both["at"].dt.month - both["month"].dt.month
    late, early = (
        both[ago.between(first, first + 2)].groupby("row")["days"].sum().reindex(said.index).fillna(0.0)
        for first in (1, 4)
    )
    fell: pd.Series[bool] = (early > 0) & (late < KEPT * early)
    return fell
