"""Engaged or merely served: what accounts do of their own accord, apart from how well they are served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.churn.encoder import FloatArray
from pipelines.experience.found import Found, Verdict

TOPIC = "engagement"
APART = 0.85
"""HTMT ratio, below which two constructs are two (Henseler, Ringle and Sarstedt 2015)."""
FEWEST_ACCOUNTS, FEWEST_ITEMS, RESAMPLES, MOST_RESAMPLED = 100, 2, 200, 3000
QUADRANTS = {
    (True, True): "engaged and well served",
    (True, False): "engaged though poorly served",
    (False, True): "well served, not engaged",
    (False, False): "neither",
}


@dataclass(frozen=True)
class Engagement:
    """Accounts (account_id, engaged and served from 0 to 1 as ranks, quadrant), and the figures of them.

    Where the two cannot be told apart, served and quadrant are missing: one factor is all there is.
    """

    accounts: pd.DataFrame
    found: tuple[Found, ...]


def engagement(items: pd.DataFrame, own: Sequence[str], quality: Sequence[str]) -> Engagement:
    """Return how engaged and how well served each account is, and whether the two are two at all.

    Each is the mean of its items' ranks (what is missing left out). They are apart where items of one go together more
    than with those of the other: the heterotrait-monotrait ratio of rank correlations, its 95 % interval of resampled
    accounts, below 0.85 (Henseler, Ringle and Sarstedt 2015, Journal of the Academy of Marketing Science 43). What the
    company does itself is among neither: sending more makes nobody more engaged.

    Parameters
    ----------
    items
        account_id and one column an item, more is better; NaN where unknown.
    own, quality
        names of the items of either.
    """
    own, quality = ([name for name in names if items[name].nunique() > 1] for names in (own, quality))
    if len(items) < FEWEST_ACCOUNTS or min(len(own), len(quality)) < FEWEST_ITEMS:
        why = f"{len(items)} accounts, {len(own)} items of their own doing and {len(quality)} of service quality"
        needed = f"{FEWEST_ACCOUNTS} and {FEWEST_ITEMS} of each are needed"
        none = pd.DataFrame(columns=["account_id", "engaged", "served", "quadrant"])
        return Engagement(none, (Found.refused(TOPIC, "engagement apart from service", f"{why}; {needed}"),))
    ranks = items[[*own, *quality]].rank(pct=True)
    ratio, low, high = _apart(ranks.to_numpy(dtype=float), len(own))
    verdict: Verdict = "found" if high < APART else "none found" if low > APART else "cannot tell"
    said = (
        "two things: items of one go together more than with the other's" if verdict == "found"
        else "taken as one: what accounts do cannot be told from how they are served"
    )  # fmt: skip
    told = Found(TOPIC, "engagement apart from service", ratio, low, high, "HTMT ratio", n_accounts=len(items),
                 verdict=verdict, sentence=said)  # fmt: skip
    if verdict != "found":
        one = ranks.mean(axis=1).rank(pct=True)
        return Engagement(_accounts(items, one, None), (told,))
    engaged, served = (ranks[names].mean(axis=1).rank(pct=True) for names in (own, quality))
    accounts = _accounts(items, engaged, served)
    return Engagement(accounts, (told, *_shares(accounts)))


def _accounts(items: pd.DataFrame, engaged: pd.Series[float], served: pd.Series[float] | None) -> pd.DataFrame:
    named = {"account_id": items["account_id"].to_numpy(), "engaged": engaged.to_numpy()}
    if served is None:
        return pd.DataFrame({**named, "served": np.nan, "quadrant": pd.Series(None, index=items.index, dtype=object)})
    is_engaged, is_served = engaged > 0.5, served > 0.5
    of = {name: (is_engaged == e) & (is_served == s) & served.notna() for (e, s), name in QUADRANTS.items()}
    quadrant = pd.Series(None, index=items.index, dtype=object)
    for name, own in of.items():
        quadrant = quadrant.mask(own, name)
    return pd.DataFrame({**named, "served": served.to_numpy(), "quadrant": quadrant.to_numpy()})


def _shares(accounts: pd.DataFrame) -> list[Found]:
    from pipelines.churn.bootstrap import share_interval

    n = int(accounts["quadrant"].notna().sum())
    found = []
    for name in QUADRANTS.values():
        share = float((accounts["quadrant"] == name).sum()) / n
        low, high = share_interval(share, float(np.sqrt(share * (1 - share) / n)), n)
        found.append(Found(TOPIC, name, 100 * share, 100 * low, 100 * high, "% of accounts", n_accounts=n))
    return found


def _apart(ranks: FloatArray, n_own: int) -> tuple[float, float, float]:
    """The HTMT ratio with its 95 % interval; accounts are drawn, and where there are very many of a sample of them."""
    rng = np.random.default_rng(0)
    some = ranks if len(ranks) <= MOST_RESAMPLED else ranks[rng.choice(len(ranks), MOST_RESAMPLED, replace=False)]
    drawn = [_htmt(some[rng.integers(len(some), size=len(some))], n_own) for _ in range(RESAMPLES)]
    value = _htmt(ranks, n_own)
    # Of a sample the spread is wider than that of all accounts, by the root of how many more these are.
    spread = np.sqrt(len(some) / len(ranks)) * (np.nanquantile(drawn, [0.025, 0.975]) - np.nanmedian(drawn))
    return value, max(value + float(spread[0]), 0.0), value + float(spread[1])


def _htmt(ranks: FloatArray, n_own: int) -> float:
    """Mean absolute correlation between the two, over the geometric mean of those within each."""
    pairs = pd.DataFrame(ranks).corr().abs().to_numpy(dtype=float)
    between = np.nanmean(pairs[:n_own, n_own:])
    of_own, of_quality = (
        np.nanmean(part[np.triu_indices(len(part), 1)]) for part in (pairs[:n_own, :n_own], pairs[n_own:, n_own:])
    )
    return float(between / np.sqrt(of_own * of_quality))
