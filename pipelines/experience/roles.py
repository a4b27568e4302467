"""Users and buyers: whose experience foretells leaving, by how much they differ, and whom nobody hears."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.clustered import clustered_mean
from pipelines.experience.follow_up import followed, why_no_hazard
from pipelines.experience.found import Found, Verdict, sure
from pipelines.experience.hazards import hazard_design
from pipelines.experience.history import standardised
from pipelines.experience.inputs import UNKNOWN
from pipelines.experience.invited import independent
from pipelines.experience.regression import Regression, logit

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "roles"
BUYERS = ("Decision Maker", "Economic Buyer", "Economic Decision Maker", "Executive Sponsor")
PRIOR, PRIOR_SPREAD = 0.5, 0.25
"""Of the buyer's weight beside the user's, before anything is seen: alike, give or take a quarter."""
YEAR_DAYS = 365
FEWEST_BOTH = 100
"""Account-quarters in which both were heard."""
FEWEST_ACCOUNTS = 20


def roles(data: ExperienceData) -> list[Found]:
    """Return the buyer's weight in leaving, how far users and buyers differ, and how many of each are heard."""
    heard = by_role(data, data.as_of)
    return [buyer_weight(data), *_difference(heard), *_coverage(data)]


def buyer_weight(data: ExperienceData) -> Found:
    """Return the buyer's share of what both scores foretell of leaving (associated), drawn towards a half.

    A hazard of leaving on both scores gives the weight b / (b + u) with its delta-method error; it is averaged with a
    prior of 0.5 +- 0.25 by their precision. Where scores foretell nothing, or both are hardly ever heard, the prior
    stays, and is said to be one.
    """
    rows = _both(data)
    why = why_no_hazard(rows) if len(rows) >= FEWEST_BOTH else _few_both(len(rows))
    if why:
        return _prior(why, len(rows))
    # Both in the same unit: standardised apart, the one whose bad scores left would look the heavier.
    X = independent(pd.concat([hazard_design(rows, []), rows[["user", "buyer"]]], axis=1))
    if not {"user", "buyer"} <= set(X):
        return _prior("users and buyers always say the same", len(rows))
    fitted = logit(rows["left"], X, rows["account_id"])
    total = fitted.combined({"user": 1.0, "buyer": 1.0})
    if not total.excludes_zero:
        return _prior("neither score foretells leaving, so that weights mean nothing", len(rows))
    return _weighed(fitted, total.value, len(rows))


def by_role(data: ExperienceData, at: pd.Timestamp) -> pd.DataFrame:
    """Return account_id, user and buyer: mean standardised scores of the year before a date; NaN where not heard."""
    return _means(role_scores(data.responses[data.responses["role"] != UNKNOWN]), at)


def _means(scores: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    own = scores[(scores["answered_at"] < at) & (scores["answered_at"] >= at - pd.Timedelta(days=YEAR_DAYS))]
    means = own.groupby(["account_id", "is_buyer"])["z"].mean().unstack("is_buyer")
    means = means.reindex(columns=[False, True]).set_axis(["user", "buyer"], axis=1)
    return means.reset_index()


def _both(data: ExperienceData) -> pd.DataFrame:
    rows = followed(data)
    known = data.responses[data.responses["role"] != UNKNOWN]
    if rows.empty or known.empty:
        return rows.iloc[:0].assign(user=0.0, buyer=0.0)
    scores = role_scores(known)
    parts = [own.merge(_means(scores, own["at"].iloc[0]), on="account_id") for _, own in rows.groupby("at")]
    return pd.concat(parts, ignore_index=True).dropna(subset=["user", "buyer"]).reset_index(drop=True)


def role_scores(responses: pd.DataFrame) -> pd.DataFrame:
    """Return the standardised scores (see `history.standardised`) with whether a buyer gave them."""
    return standardised(responses, also=("role",)).assign(is_buyer=lambda scores: scores["role"].isin(BUYERS))


def _weighed(fitted: Regression, total: float, n: int) -> Found:
    buyer = fitted.of("buyer").value / total
    # The delta method: how the share moves with either coefficient.
    error = fitted.combined({"buyer": (1 - buyer) / total, "user": -buyer / total}).error
    own = PRIOR_SPREAD**2 / (PRIOR_SPREAD**2 + error**2)
    value, spread = own * buyer + (1 - own) * PRIOR, float(np.sqrt(own)) * error
    low, high = value - 1.96 * spread, value + 1.96 * spread
    verdict: Verdict = "found" if sure(low - PRIOR, high - PRIOR) else "cannot tell"
    whose = "the buyer's" if value > PRIOR else "the users'"
    said = f"{whose} experience weighs more" if verdict == "found" else "neither is shown to weigh more"
    said += f"; {own:.0%} of this is your data's, {1 - own:.0%} the prior's".replace("%", " %")
    return Found(TOPIC, "weight of the buyer", value, low, high, "share beside the user", "associated", n=n,
                 n_accounts=fitted.n_accounts, verdict=verdict, sentence=said)  # fmt: skip


def _prior(why: str, n: int) -> Found:
    low, high = max(PRIOR - 1.96 * PRIOR_SPREAD, 0.0), min(PRIOR + 1.96 * PRIOR_SPREAD, 1.0)
    return Found(TOPIC, "weight of the buyer", PRIOR, low, high, "share beside the user", "assumed", n=n,
                 verdict="cannot tell", sentence=f"the prior, nothing of your data: {why}")  # fmt: skip


def _few_both(n: int) -> str:
    return f"in {n} account-quarters both a user and a buyer were heard; {FEWEST_BOTH} are needed"


def _difference(heard: pd.DataFrame) -> Iterator[Found]:
    both = heard.dropna(subset=["user", "buyer"])
    if len(both) < FEWEST_ACCOUNTS:
        why = f"of {len(both)} accounts both were heard in the last year; {FEWEST_ACCOUNTS} are needed"
        yield Found.refused(TOPIC, "buyer less user", why)
        return
    apart = clustered_mean(both["buyer"] - both["user"], both["account_id"])
    yield Found(TOPIC, "buyer less user", apart.value, apart.low, apart.high, "standard deviations of score",
                n_accounts=len(both), verdict="found" if apart.excludes_zero else "cannot tell",
                sentence="of accounts where both were heard in the last year")  # fmt: skip
    hidden = both[(both["buyer"] > 0) & (both["user"] < -0.5)]
    said = f"of {len(both)}: the buyer is better than usual, the users are half a standard deviation worse; counted"
    yield Found(TOPIC, "buyer content, users not", len(hidden), unit="accounts", n_accounts=len(both), sentence=said)


def _coverage(data: ExperienceData) -> Iterator[Found]:
    """Of accounts that have a buyer or a user today, the share where one was heard in the last year."""
    there = data.contacts[data.contacts["active_to"].isna() & data.contacts["role"].notna()]
    since = data.as_of - pd.Timedelta(days=YEAR_DAYS)
    spoke = data.responses[data.responses["answered_at"] >= since]["contact_id"]
    paid = data.accounts.set_index("account_id")["mrr"]
    for name, is_it in (("buyer", there["role"].isin(BUYERS)), ("user", ~there["role"].isin(BUYERS))):
        own = there[is_it]
        by = own["contact_id"].isin(spoke).groupby(own["account_id"]).any()
        if by.empty:
            yield Found.refused(TOPIC, f"{name}s heard", f"no {name} is known; map contacts with their roles")
            continue
        money = paid.reindex(by.index).fillna(0.0)
        share = float(money[by].sum() / money.sum()) if money.sum() > 0 else float("nan")
        said = f"of {len(by)} accounts with a {name}; {share:.0%} of their revenue; counted, so without interval"
        yield Found(TOPIC, f"{name}s heard", 100 * float(by.mean()), unit="% of accounts", n_accounts=len(by),
                    sentence=said.replace("%", " %"))  # fmt: skip
