"""Why accounts say they leave and stay, by domain, beside what the model's predictions rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.experience.clustered import clustered_mean, too_few
from pipelines.experience.found import Found
from pipelines.experience.lexicon import read_lexicon, words_in

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC, UNIT = "reasons", "% of reasons"
DOMAINS = ("product", "service", "price", "own affairs")
OWN = Path(__file__).with_name("reasons.csv")
LEAVING, STAYING = "leaving", "staying"
LAST_WORDS_DAYS = 180
"""What an account said so long before it left is taken as why it left."""
GOOD = 0.9
DOMAIN_OF_FAMILY: Mapping[str, str] = {
    "behaviour": "product", "experience": "service", "engagement": "service", "relationship": "price",
    "firmographic": "own affairs",
}  # fmt: skip
"""A coarse key (assumed): features are declared by family, not by the domain that people have in mind."""


def reasons(
    data: ExperienceData, contributions: pd.DataFrame | None = None, lexicon: Mapping[str, str] | None = None
) -> list[Found]:
    """Return the share of each domain among stated reasons for leaving and staying, and beside it what is attributed.

    Stated: the first word of each domain in English comments, of accounts that left within 180 days (leaving) and of
    answers from 0.9 of the scale on by accounts that stayed (staying); shares add up to 100. Product and service are
    compared with an interval. Attributed: the share of the champion's mean absolute contributions by family (predicted,
    a reason of the model and never a cause).

    Parameters
    ----------
    contributions
        family, mean_contribution by feature, as training has them; None: there is no champion.
    """
    words = read_lexicon(OWN, DOMAINS) if lexicon is None else lexicon
    coded = stated(data, words)
    found = [one for why in (LEAVING, STAYING) for one in _shares(coded[coded["why"] == why], why)]
    return [*found, *_attributed(contributions)]


def stated(data: ExperienceData, lexicon: Mapping[str, str]) -> pd.DataFrame:
    """Return account_id, why (leaving, staying), domain, one row an answer and domain that it names."""
    answers = data.responses[data.responses["comment"].fillna("").astype("str").str.len() > 0]
    last = data.departures.groupby("account_id")["left_at"].max()
    left_at = answers[["account_id"]].merge(last.reset_index(), on="account_id", how="left")["left_at"].to_numpy()
    days = (pd.Series(left_at, answers.index) - answers["answered_at"]).dt.total_seconds() / 86_400
    is_last_word = (days >= 0) & (days <= LAST_WORDS_DAYS)
    is_praise = pd.isna(days) & (answers["score"] >= GOOD)
    why = pd.Series(LEAVING, answers.index).where(is_last_word, STAYING)[is_last_word | is_praise]
    named = words_in(answers.loc[why.index, "comment"].astype("str"), lexicon).drop_duplicates(["row", "cluster"])
    row = named["row"].to_numpy()
    coded = {"account_id": answers.loc[row, "account_id"].to_numpy(), "why": why.loc[row].to_numpy()}
    return pd.DataFrame({**coded, "domain": named["cluster"].to_numpy()})


def _shares(coded: pd.DataFrame, why: str) -> Iterator[Found]:
    few = too_few(len(coded), coded["account_id"].nunique())
    if few:
        yield Found.refused(TOPIC, f"stated, {why}", f"of reasons in words there are {few}", "domain", "all")
        return
    for domain in DOMAINS:
        share = clustered_mean(100.0 * (coded["domain"] == domain), coded["account_id"])
        yield Found(TOPIC, f"stated, {why}", share.value, max(share.low, 0.0), min(share.high, 100.0), UNIT, "counted",
                    "domain", domain, len(coded), share.n_accounts)  # fmt: skip
    sign = (coded["domain"] == "service").astype(float) - (coded["domain"] == "product")
    apart = clustered_mean(100.0 * sign, coded["account_id"])
    said = "service is named more" if apart.low > 0 else "product is named more" if apart.high < 0 else "neither leads"
    yield Found(TOPIC, f"service less product, {why}", apart.value, apart.low, apart.high, "percentage points",
                "counted", n=len(coded), n_accounts=apart.n_accounts,
                verdict="found" if apart.excludes_zero else "cannot tell", sentence=said)  # fmt: skip


def _attributed(contributions: pd.DataFrame | None) -> Iterator[Found]:
    if contributions is None or contributions["mean_contribution"].sum() <= 0:
        yield Found.refused(TOPIC, "attributed", "no champion whose predictions could be looked into", "domain", "all")
        return
    domain = contributions["family"].map(DOMAIN_OF_FAMILY)
    share = 100 * contributions["mean_contribution"].groupby(domain).sum() / contributions["mean_contribution"].sum()
    said = "what predictions rest on, not what causes leaving; of one model, so without interval"
    for name in DOMAINS:
        yield Found(TOPIC, "attributed", float(share.get(name, 0.0)), unit="% of contributions", basis="predicted",
                    group_by="domain", group=name, sentence=said)  # fmt: skip
