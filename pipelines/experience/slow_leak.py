"""The slow leak: accounts that do less and less against their own rhythm, long before they cancel or fall silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.experience.clustered import clustered_mean
from pipelines.experience.follow_up import QUARTER_DAYS
from pipelines.experience.found import Found, Verdict, sure
from pipelines.experience.monthly import OUT

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "slow leak"
QUARTERS_BEFORE = 4
FEWEST_EVENTS = 20
"""In the year before: who did less has no rhythm to be held against."""
FEWEST_ACCOUNTS = 30
FALSE_SHARE = 0.05
"""At most so many of the accounts named are there by chance (Benjamini and Hochberg 1995)."""


@dataclass(frozen=True)
class Leaks:
    """Accounts with a rhythm: `rows` has account_id, before (events a quarter), now, p_value, is_leaking."""

    rows: pd.DataFrame
    dispersion: float


def slow_leak(data: ExperienceData) -> list[Found]:
    """Return how many accounts leak now, what they pay, and whether those that leaked earlier left more (counted)."""
    this_month = data.as_of.to_period("M").to_timestamp()
    leaks = leaking(data, this_month)
    if leaks is None:
        why = f"fewer than {FEWEST_ACCOUNTS} accounts did {FEWEST_EVENTS} things in the year before the last quarter"
        return [Found.refused(TOPIC, "leaking accounts", why)]
    names = leaks.rows.loc[leaks.rows["is_leaking"], "account_id"]
    paid = float(data.accounts.set_index("account_id")["mrr"].reindex(names).sum())
    said = f"of {len(leaks.rows)} accounts with a rhythm of their own; at most 1 in 20 of them is there by chance"
    number = Found(TOPIC, "leaking accounts", len(names), unit="accounts", n_accounts=len(leaks.rows),
                   verdict="found" if len(names) else "none found", sentence=said)  # fmt: skip
    money = Found(TOPIC, "revenue that leaks", paid, unit="money a month", n_accounts=len(names),
                  sentence="what the leaking accounts pay now; counted, so without interval")  # fmt: skip
    return [number, money, _looked_back(data)]


def leaking(data: ExperienceData, month: pd.Timestamp) -> Leaks | None:
    """Return which accounts did less in the three months before `month` than their own year before lets expect.

    Quarterly counts are taken as negative binomial with one dispersion, their own mean, and a season common to all. Of
    an account's five quarters the last then has a beta-binomial share (Johnson, Kemp and Kotz 2005, 6.2.2), whose lower
    tail is the p-value. None where too few accounts have a rhythm. An account that did nothing at all in the quarter is
    no slow leak: it has fallen silent.
    """
    everyone, counts = _quarterly(data, month)
    before, now = counts[:, :-1], counts[:, -1]
    gone = everyone.isin(data.departures.loc[data.departures["left_at"] < month, "account_id"].unique())
    own = (before.sum(axis=1) >= FEWEST_EVENTS) & (before > 0).all(axis=1) & ~gone
    if own.sum() < FEWEST_ACCOUNTS:
        return None
    names = everyone[own]
    before, now = before[own], now[own]
    # What all do more or less of is a season, no leak; the median is not moved by the few that leak.
    season = float(np.median(now / before.mean(axis=1)))
    size = _size(before)
    p_value = _lower_tail(now, before.sum(axis=1), size, season)
    is_leaking = _controlled(p_value) & (now > 0)
    rows = {
        "account_id": names,
        "before": before.mean(axis=1),
        "now": now,
        "p_value": p_value,
        "is_leaking": is_leaking,
    }
    return Leaks(pd.DataFrame(rows), 1 / size)


def _looked_back(data: ExperienceData) -> Found:
    figure = "left within 90 days, leaking less others"
    if data.followed_until is None:
        return Found.refused(TOPIC, figure, "it is not known when accounts left")
    month = (data.followed_until - pd.Timedelta(days=QUARTER_DAYS)).to_period("M").to_timestamp()
    leaks = leaking(data, month)
    n = 0 if leaks is None else int(leaks.rows["is_leaking"].sum())
    if leaks is None or n < 10:
        return Found.refused(TOPIC, figure, f"{n} accounts leaked a quarter before all is known; 10 are needed")
    left = data.departures[data.departures["left_at"] >= month]["account_id"]
    earlier = data.departures[data.departures["left_at"] < month]["account_id"]
    rows = leaks.rows[~leaks.rows["account_id"].isin(earlier)]
    gone = 100.0 * rows["account_id"].isin(left)
    means = [
        clustered_mean(gone[own], rows.loc[own, "account_id"]) for own in (rows["is_leaking"], ~rows["is_leaking"])
    ]
    value, half = means[0].value - means[1].value, 1.96 * float(np.hypot(means[0].error, means[1].error))
    said = f"{means[0].value:.1f} % of those that leaked, {means[1].value:.1f} % of the others"
    verdict: Verdict = "found" if sure(value - half, value + half) > 0 else "cannot tell"
    return Found(TOPIC, figure, value, value - half, value + half, "percentage points", "associated",
                 n_accounts=len(rows), verdict=verdict, sentence=said)  # fmt: skip


def _quarterly(data: ExperienceData, month: pd.Timestamp) -> tuple[pd.Index, npt.NDArray[np.float64]]:
    """Accounts, and their events (rows) in the five quarters before a month; nothing that the company did itself."""
    done = data.activity[data.activity["stream"] != OUT]
    months = (month.year - done["month"].dt.year) * 12 + month.month - done["month"].dt.month
    quarter = QUARTERS_BEFORE - (months.to_numpy() - 1) // 3
    own = (months.to_numpy() >= 1) & (quarter >= 0)
    place, names = pd.factorize(done["account_id"], sort=True)
    counts = np.zeros((len(names), QUARTERS_BEFORE + 1))
    np.add.at(counts, (place[own], quarter[own]), done["n"].to_numpy(dtype=float)[own])
    return pd.Index(names), counts


def _size(before: npt.NDArray[np.float64]) -> float:
    """The size of the negative binomial: how little accounts vary around their own mean beyond counting."""
    common = np.asarray(before / before.sum(axis=0) * before.sum() / before.shape[1])
    mean, variance = common.mean(axis=1), common.var(axis=1, ddof=1)
    extra = float(np.sum(variance - mean) / np.sum(mean**2 - variance / before.shape[1]))
    return 1 / min(max(extra, 1e-4), 10.0)


def _lower_tail(
    now: npt.NDArray[np.float64], before: npt.NDArray[np.float64], size: float, season: float
) -> npt.NDArray[np.float64]:
    """The beta-binomial tail, as the mean of binomial tails over the beta: by the trapezoidal rule in normal scores."""
    from scipy.special import betainc
    from scipy.stats import beta, norm

    scores = np.linspace(-8, 8, 257)
    shape = (size * season, size * QUARTERS_BEFORE)
    shares = np.where(scores < 0, beta.ppf(norm.cdf(scores), *shape), beta.isf(norm.sf(scores), *shape))
    weights = norm.pdf(scores) * (scores[1] - scores[0])
    # Of n events at most k: a binomial tail, written as an incomplete beta function.
    tail = sum(w * betainc(before, now + 1, 1 - share) for w, share in zip(weights, shares, strict=True))
    p_value: npt.NDArray[np.float64] = np.clip(np.asarray(tail, dtype=float), 0.0, 1.0)
    return p_value


def _controlled(p_value: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p_value) <= FALSE_SHARE)
