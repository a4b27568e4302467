"""All that is found of what experience is worth, from the tables and what the company says of its prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.found import Found
from pipelines.experience.value.account_year import DAYS_A_YEAR, DETRACTOR, PROMOTER, account_year, kind_of
from pipelines.experience.value.advocacy import AskList, ask_list
from pipelines.experience.value.customer_equity import Kept, customer_equity
from pipelines.experience.value.net_retention import net_retention
from pipelines.experience.value.own_and_prior import drawn_together
from pipelines.experience.value.point_value import UnitValues, point_value
from pipelines.experience.value.price_acceptance import price_acceptance, price_rises
from pipelines.experience.value.profit_sensitivity import lifetime_value, profit_sensitivity
from pipelines.experience.value.revenue import Between, between
from pipelines.experience.value.revenue_at_risk import revenue_at_risk
from pipelines.experience.value.service_costs import service_costs
from pipelines.experience.value.word_of_mouth import Base, WordOfMouth, with_word_of_mouth

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

MOST_YEARS = 5
"""Years, the latest, from which the value of a point is learnt."""
BEFORE_DAYS = 365
"""An answer speaks for how an account was served so long before a rise in price."""
FIRMOGRAPHICS = ("industry", "region", "employees")
MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class Terms:
    """What the company says: margin (share of revenue), discount rate (a year), unit values, word of mouth."""

    margin: float = 1.0
    discount: float = 0.1
    units: UnitValues = field(default_factory=UnitValues)
    spoken: WordOfMouth = field(default_factory=WordOfMouth)


@dataclass(frozen=True)
class Beside:
    """What is known beside the tables.

    Attributes
    ----------
    references
        account_id, at, is_given.
    scores
        account_id, churn_prob, mrr: of the release that serves; None without one.
    horizon_days
        within which churn_prob is.
    unscored
        why there are no scores.
    """

    references: pd.DataFrame
    scores: pd.DataFrame | None = None
    horizon_days: int = 90
    unscored: str = "no champion has scored the accounts; run perennial train, promote and score"


def money(data: ExperienceData, beside: Beside, terms: Terms) -> tuple[tuple[Found, ...], AskList]:
    """Return the figures of what experience is worth, and whom to ask for a reference."""
    answers = recommendation(data.responses)
    asked = ask_list(answers, data.accounts, data.cases, beside.references, data.as_of)
    paid = data.subscriptions["mrr"].notna().any() if len(data.subscriptions) else False
    told = _of_revenue(data, beside, terms, answers) if paid else [_no_revenue()]
    return (*told, *asked.found, *_at_risk(data, beside)), asked


def recommendation(responses: pd.DataFrame) -> pd.DataFrame:
    """Return answers on recommendation: account_id, answered_at, score from 0 to 10, survey_type."""
    own = responses[(responses["metric"] == "nps") & responses["score"].notna()]
    return own[["account_id", "answered_at", "survey_type"]].assign(score=10 * own["score"])


def _no_revenue() -> Found:
    return Found.refused("value", "all figures in money", "no subscription says what is paid a month; map mrr")


def _of_revenue(data: ExperienceData, beside: Beside, terms: Terms, answers: pd.DataFrame) -> Iterator[Found]:
    since = data.as_of - pd.Timedelta(days=DAYS_A_YEAR)
    flows = between(data.subscriptions, since, data.as_of)
    earlier = between(data.subscriptions, since - pd.Timedelta(days=DAYS_A_YEAR), since)
    year = experience_year(data, answers, beside.references)
    yield from _points(data, experience_years(data, answers, beside.references), terms)
    yield from service_costs(year, terms.units.case, adjust_for=[name for name in FIRMOGRAPHICS if name in year])
    yield from price_acceptance(_rises(data))
    yield from net_retention(flows)
    yield from customer_equity(flows, _kept(earlier), _kept(flows), margin=terms.margin, discount=terms.discount)
    now, margin = _kept(flows), MONTHS_A_YEAR * terms.margin * flows.closing
    yield from profit_sensitivity(now.n, now.n - now.n_kept, margin, discount=terms.discount)
    yield from _spoken(data, beside, terms, flows, answers)


def experience_years(data: ExperienceData, answers: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """Return the years of `experience_year` that end now and one, two and more years ago, as far as answers go back.

    `anniversary` says which: 0 is the latest.
    """
    first, year = answers["answered_at"].min(), pd.Timedelta(days=DAYS_A_YEAR)
    n_years = 1 if pd.isna(first) else max(int((data.as_of - first) / year), 1)
    ends = [data.as_of - place * year for place in range(min(n_years, MOST_YEARS))]
    years = [experience_year(data, answers, references, until) for until in ends]
    kept = [own.assign(anniversary=place) for place, own in enumerate(years) if place == 0 or len(own)]
    return pd.concat(kept, ignore_index=True)


def experience_year(
    data: ExperienceData, answers: pd.DataFrame, references: pd.DataFrame, until: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Return `account_year` with references and cases, firmographics, and how active each account was before.

    `until` is when the year ends; None: at the date of the data.
    """
    until = data.as_of if until is None else until
    given = references[references["is_given"]][["account_id", "at"]]
    cases = data.cases[["account_id", "opened_at"]].rename(columns={"opened_at": "at"})
    counted = {"references": given, "cases": cases}
    year = account_year(answers, data.subscriptions, until, counted=counted)
    since = until - pd.Timedelta(days=DAYS_A_YEAR)
    left_at = pd.to_datetime(data.departures["left_at"])
    gone = left_at[(left_at >= since) & (left_at < until)].groupby(data.departures["account_id"].astype(str)).min()
    there = (gone.reindex(year["account_id"]) - since).dt.days.to_numpy() / DAYS_A_YEAR
    active = data.activity[(data.activity["stream"] == "in") & (data.activity["month"] < since)]
    active = active[active["month"] >= since - pd.Timedelta(days=DAYS_A_YEAR)]
    days = active["days"].groupby(active["account_id"].astype(str)).sum()
    told = data.accounts.assign(account_id=data.accounts["account_id"].astype(str)).set_index("account_id")
    some = [name for name in FIRMOGRAPHICS if name in told and told[name].notna().any()]
    year = year.join(told[some], on="account_id")
    return year.assign(
        share_there=np.clip(np.nan_to_num(there, nan=1.0), 0.0, 1.0),
        active_days_before=days.reindex(year["account_id"]).fillna(0.0).to_numpy(),
    )


def _points(data: ExperienceData, year: pd.DataFrame, terms: Terms) -> Iterator[Found]:
    adjust_for = [name for name in FIRMOGRAPHICS if name in year]
    yield from point_value(year, terms.units, adjust_for=adjust_for)
    for name in data.segmentations:
        segments = data.segments.set_index(data.segments["account_id"].astype(str))[name]
        own = year.assign(segment=segments.reindex(year["account_id"]).to_numpy()).dropna(subset=["segment"])
        found = []
        for segment, rows in own.groupby("segment", sort=True):
            told = point_value(rows, terms.units, adjust_for=adjust_for, group_by=name, group=str(segment))
            found += [one for one in told if one.figure == "revenue, adjusted"]
        yield from drawn_together(found)


def _rises(data: ExperienceData) -> pd.DataFrame:
    """Rises in price with the mean score of the account's answers in the year before each."""
    rises = price_rises(data.subscriptions, data.as_of).reset_index(names="rise")
    said = data.responses.loc[data.responses["score"].notna(), ["account_id", "answered_at", "score"]]
    both = rises[["rise", "account_id", "at"]].merge(said, on="account_id")
    ago = (both["at"] - both["answered_at"]).dt.days
    mean = both[(both["answered_at"] < both["at"]) & (ago <= BEFORE_DAYS)].groupby("rise")["score"].mean()
    return rises.assign(score=mean.reindex(rises["rise"]).to_numpy())


def _kept(flows: Between) -> Kept:
    accounts = flows.accounts
    return Kept(int(accounts["was_there"].sum()), int((accounts["was_there"] & ~accounts["has_left"]).sum()))


def _spoken(
    data: ExperienceData, beside: Beside, terms: Terms, flows: Between, answers: pd.DataFrame
) -> Iterator[Found]:
    """Word of mouth, of as many promoters and detractors as the accounts that answered in a year let expect of all."""
    recent = answers[answers["answered_at"] >= data.as_of - pd.Timedelta(days=DAYS_A_YEAR)]
    kinds = kind_of(recent.groupby("account_id")["score"].mean())
    kept, n = _kept(flows), int((flows.accounts["closing"] > 0).sum())
    if kinds.empty or kept.n == 0 or n == 0:
        why = f"{len(kinds)} accounts answered within a year, {kept.n} were served a year ago; some of both are needed"
        yield Found.refused("word of mouth", "lifetime value with word of mouth", why)
        return
    worth = MONTHS_A_YEAR * terms.margin * flows.closing / n * lifetime_value(1.0, kept.share, terms.discount)
    shares = kinds.value_counts(normalize=True)
    scores = beside.scores
    at_risk = 0.0 if scores is None else float((scores["churn_prob"] * scores["mrr"].fillna(0.0)).sum()) * MONTHS_A_YEAR
    leavers = 0.0 if scores is None else float(scores["churn_prob"].sum())
    base = Base(n, worth, n * shares.get(PROMOTER, 0.0), n * shares.get(DETRACTOR, 0.0), at_risk, leavers)
    told = with_word_of_mouth(base, terms.spoken)
    yield from (one for one in told if scores is not None or not one.figure.startswith("revenue at risk"))


def _at_risk(data: ExperienceData, beside: Beside) -> Iterator[Found]:
    if beside.scores is None:
        yield Found.refused("revenue at risk", "revenue at risk", beside.unscored)
        return
    frames = [("all", "all", beside.scores)]
    for name in data.segmentations:
        segments = data.segments.set_index(data.segments["account_id"].astype(str))[name]
        own = segments.reindex(beside.scores["account_id"].astype(str)).to_numpy()
        frames += [(name, str(group), rows) for group, rows in beside.scores.groupby(own, sort=True)]
    for group_by, group, rows in frames:
        for one in revenue_at_risk(rows, None, group_by=group_by, group=group):
            said = f"of leaving within {beside.horizon_days} days; {one.sentence}"
            yield one if one.verdict == "refused" else replace(one, sentence=said)
