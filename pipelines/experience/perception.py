"""What the company's own people think of accounts, beside what the accounts say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.clustered import clustered_mean, clustered_means, estimate, too_few
from pipelines.experience.follow_up import followed, why_no_hazard
from pipelines.experience.found import Found, verdict_of
from pipelines.experience.hazards import contrasted
from pipelines.experience.history import standardised

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC, UNIT = "perception gap", "% of the scale"
SCALES = ((0.0, 1.0), (1.0, 5.0), (0.0, 5.0), (1.0, 7.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0))
"""Ratings do not name their scale: it is the first of these that holds them all."""
SMALLEST = 5.0
LOW, HIGH = -0.5, 0.0
"""A blind spot, in standard deviations: the account below the one, its rating above the other."""
YEAR_DAYS = 365
FEWEST_BLIND = 20


def perception_gap(data: ExperienceData) -> list[Found]:
    """Return how much better accounts are rated inside than they rate the company, by rater, and the blind spots.

    Ratings and answers of the same account, quarter and (where both have any in common) touchpoint are paired. The gap
    is internal less customer's, both in percent of their scale; the scale of ratings is told from them (assumed).
    """
    scale = scale_of(data.internal_ratings["score"])
    if scale is None:
        return [Found.refused(TOPIC, "gap", "no internal ratings on a known scale; map internal_ratings")]
    paired = pairs(data, scale)
    why = too_few(len(paired), paired["account_id"].nunique())
    if why:
        return [Found.refused(TOPIC, "gap", f"of ratings beside answers of the same quarter there are {why}")]
    return [_gap(paired, scale), _agreement(paired), *_raters(paired), *_blind_spots(data)]


def scale_of(scores: pd.Series) -> tuple[float, float] | None:
    """Return the first usual scale that holds all ratings, None where none does.

    >>> scale_of(pd.Series([3.0, 9.0])), scale_of(pd.Series([1.0, 4.0])), scale_of(pd.Series([900.0]))
    ((1.0, 10.0), (1.0, 5.0), None)
    """
    low, high = scores.min(), scores.max()
    return next((scale for scale in SCALES if scale[0] <= low and high <= scale[1]), None)


def pairs(data: ExperienceData, scale: tuple[float, float]) -> pd.DataFrame:
    """Return account_id, quarter, touchpoint, rater, inside and outside (0 to 100), one row a pair."""
    answers = data.responses[data.responses["score"].notna() & data.responses["metric"].isin(("nps", "csat", "ces"))]
    ratings = data.internal_ratings
    shared = set(answers["touchpoint"].dropna()) & set(ratings["touchpoint"].dropna())
    by = ["account_id", "quarter", "touchpoint"] if shared else ["account_id", "quarter"]
    share = (ratings["score"] - scale[0]) / (scale[1] - scale[0])
    inside = ratings.assign(quarter=ratings["rated_at"].dt.to_period("Q"), inside=100 * share)
    outside = answers.assign(quarter=answers["answered_at"].dt.to_period("Q"), outside=100 * answers["score"])
    means = outside.groupby(by, observed=True)["outside"].mean().reset_index()
    rated = inside.groupby([*by, "rater"], observed=True, dropna=False)["inside"].mean().reset_index()
    return rated.merge(means, on=by).assign(gap=lambda found: found["inside"] - found["outside"])


def _gap(paired: pd.DataFrame, scale: tuple[float, float]) -> Found:
    told = clustered_mean(paired["gap"], paired["account_id"])
    verdict = verdict_of(told.low, told.high, SMALLEST)
    side = "better" if told.value > 0 else "worse"
    said = f"inside, accounts look {side} than they feel; ratings are taken to be from {scale[0]:g} to {scale[1]:g}"
    said = said if verdict == "found" else f"ratings are taken to be from {scale[0]:g} to {scale[1]:g}"
    return Found(TOPIC, "gap", told.value, told.low, told.high, UNIT, "assumed", n=len(paired),
                 n_accounts=told.n_accounts, verdict=verdict, sentence=said)  # fmt: skip


def _agreement(paired: pd.DataFrame) -> Found:
    """Spearman's rank correlation over accounts; the interval by Fisher's z, of as many pairs as accounts."""
    by = paired.groupby("account_id")[["inside", "outside"]].mean()
    if len(by) < 10 or by["inside"].nunique() < 2 or by["outside"].nunique() < 2:
        return Found.refused(TOPIC, "rank correlation", f"{len(by)} accounts that differ; 10 are needed")
    value = float(by["inside"].corr(by["outside"], method="spearman"))
    # 1.06 is the variance's factor for ranks (Fieller, Hartley and Pearson 1957).
    half = 1.96 * float(np.sqrt(1.06 / (len(by) - 3)))
    z = float(np.arctanh(np.clip(value, -0.999, 0.999)))
    low, high = float(np.tanh(z - half)), float(np.tanh(z + half))
    said = "whether those who are rated higher inside rate the company higher"
    return Found(TOPIC, "rank correlation", value, low, high, "from -1 to 1", "associated", n=len(paired),
                 n_accounts=len(by), verdict=verdict_of(low, high, 0.1), sentence=said)  # fmt: skip


def _raters(paired: pd.DataFrame) -> Iterator[Found]:
    known = paired.dropna(subset=["rater"])
    if known["rater"].nunique() < 2:
        return
    # Each beside the others: that all are too kind is told above.
    table = clustered_means(known, ["rater"], "gap", span=200.0).to_dict("records")
    for row in table:
        others = known[known["rater"] != row["rater"]]
        why = too_few(int(row["n"]), int(row["n_accounts"]))
        if why or others["account_id"].nunique() < 5:
            yield Found.refused(TOPIC, "rater beside others", why or "too few of others", "rater", str(row["rater"]))
            continue
        rest = clustered_mean(others["gap"], others["account_id"])
        error = float(np.hypot(row["error"], rest.error))
        told = estimate(float(row["mean"]) - rest.value, error, int(row["n"]), int(row["n_accounts"]))
        yield Found(TOPIC, "rater beside others", told.value, told.low, told.high, UNIT, "counted", "rater",
                    str(row["rater"]), told.n, told.n_accounts, verdict_of(told.low, told.high, SMALLEST))  # fmt: skip


def blind_spots(data: ExperienceData, at: pd.Timestamp) -> pd.DataFrame:
    """Return account_id, inside, outside (standard deviations), is_low and is_blind by the year before a date.

    Of accounts that were rated and answered. Low is half a standard deviation below usual; a blind spot is low outside
    and at least as usual inside.
    """
    since = at - pd.Timedelta(days=YEAR_DAYS)
    rated = data.internal_ratings
    rated = rated[(rated["rated_at"] < at) & (rated["rated_at"] >= since)]
    scores = standardised(data.responses)
    scores = scores[(scores["answered_at"] < at) & (scores["answered_at"] >= since)]
    spread = rated["score"].std() or 1.0
    inside = ((rated["score"] - rated["score"].mean()) / spread).groupby(rated["account_id"]).mean()
    both = pd.DataFrame({"inside": inside, "outside": scores.groupby("account_id")["z"].mean()}).dropna()
    is_low = both["outside"] < LOW
    both = both.assign(is_low=is_low, is_blind=is_low & (both["inside"] >= HIGH))
    return both.rename_axis("account_id").reset_index()


def _blind_spots(data: ExperienceData) -> Iterator[Found]:
    now = blind_spots(data, data.as_of)
    paid = data.accounts[["account_id", "mrr"]]
    now = now.merge(paid[paid["mrr"] > 0], on="account_id") if (paid["mrr"] > 0).any() else now.merge(paid)
    blind = now[now["is_blind"]]
    said = f"of {int(now['is_low'].sum())} that say they are badly off; they pay {blind['mrr'].sum():,.0f} a month"
    yield Found(TOPIC, "blind spots", len(blind), unit="accounts", n_accounts=len(now), sentence=said)
    yield _risk(data)


def _risk(data: ExperienceData) -> Found:
    figure, rows = "odds of leaving, blind spots beside those known to be low", followed(data)
    why = why_no_hazard(rows)
    if why:
        return Found.refused(TOPIC, figure, why)
    parts = [own.merge(blind_spots(data, own["at"].iloc[0]), on="account_id") for _, own in rows.groupby("at")]
    low = pd.concat(parts, ignore_index=True)
    low = low[low["is_low"]].reset_index(drop=True)
    left = low.groupby("is_blind")["left"].sum()
    n = int(low["is_blind"].sum())
    if min(n, len(low) - n) < FEWEST_BLIND or left.min() < 5:
        why = f"{n} blind spots of {len(low)} low account-quarters; too few, or too few left"
        return Found.refused(TOPIC, figure, why)
    told = contrasted(low, "is_blind")
    value, lowest, highest = (float(np.exp(number)) for number in (told.value, told.low, told.high))
    return Found(TOPIC, figure, value, lowest, highest, "times the odds", "associated", n=n, n_accounts=told.n_accounts,
                 verdict=verdict_of(told.low, told.high, 0.25))  # fmt: skip
