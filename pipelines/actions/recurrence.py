"""Whether root causes come back: another case of the same category, before and after its cause was mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from pipelines.experience.clustered import clustered_mean, too_few
from pipelines.experience.found import Found, verdict_of

TOPIC = "recurrence"
WITHIN_DAYS = 90
SMALLEST_POINTS = 5.0


def recurrence(cases: pd.DataFrame, fixes: Mapping[str, str], as_of: pd.Timestamp) -> Iterator[Found]:
    """Yield how often a case comes back within 90 days, by category, and what mending its root cause changed.

    Before against after: goes along with the mending, and with whatever else changed then.

    >>> day = pd.Timestamp("2025-01-01")
    >>> rows = pd.DataFrame({"account_id": ["a"], "category": ["billing"], "opened_at": [day], "closed_at": [day]})
    >>> [one.verdict for one in recurrence(rows, {}, pd.Timestamp("2025-06-01"))]
    ['refused']
    """
    rows = came_back(cases, as_of)
    groups = list(rows.groupby("category", sort=True))
    if not groups:
        yield Found.refused(TOPIC, "comes back", "no closed case with a category")
    for category, own in groups:
        why = too_few(len(own), own["account_id"].nunique())
        if why:
            yield Found.refused(TOPIC, "comes back", why, "category", str(category))
            continue
        share = clustered_mean(100.0 * own["again"], own["account_id"])
        yield Found(TOPIC, "comes back", share.value, max(share.low, 0.0), min(share.high, 100.0),
                    f"% within {WITHIN_DAYS} days", "counted", "category", str(category), len(own),
                    share.n_accounts)  # fmt: skip
    for category, day in fixes.items():
        yield _since(rows[rows["category"] == category], category, pd.Timestamp(day))


def came_back(cases: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return closed cases with a category whose 90 days are over: account_id, category, closed_at, again (1, 0)."""
    own = cases.dropna(subset=["category", "closed_at"])[["account_id", "category", "opened_at", "closed_at"]]
    own = own.astype({"account_id": "str", "category": "str"}).sort_values("closed_at", ignore_index=True)
    opened = own[["account_id", "category", "opened_at"]].assign(_at=own["opened_at"]).sort_values("_at")
    left = own[["account_id", "category", "closed_at"]].rename(columns={"closed_at": "_at"})
    keys = ["account_id", "category"]
    following = pd.merge_asof(
        left, opened.drop(columns="opened_at").assign(_next=opened["_at"]), on="_at", by=keys, direction="forward",
        allow_exact_matches=False,
    )  # fmt: skip
    within = pd.Timedelta(days=WITHIN_DAYS)
    again = (following["_next"].to_numpy() - own["closed_at"].to_numpy()) <= within.to_timedelta64()
    return own.assign(again=again.astype(int))[own["closed_at"] + within <= as_of].reset_index(drop=True)


def _since(rows: pd.DataFrame, category: str, day: pd.Timestamp) -> Found:
    figure = "change since its root cause was mended"
    parts = [rows[rows["closed_at"] < day], rows[rows["closed_at"] >= day]]
    for part in parts:
        why = too_few(len(part), part["account_id"].nunique())
        if why:
            return Found.refused(TOPIC, figure, why, "category", category)
    before, after = (clustered_mean(100.0 * part["again"], part["account_id"]) for part in parts)
    half = float(np.hypot(before.high - before.value, after.high - after.value))
    change = after.value - before.value
    verdict = verdict_of(change - half, change + half, SMALLEST_POINTS)
    said = f"{before.value:.1f} % before {day:%Y-%m-%d}, {after.value:.1f} % after"
    return Found(TOPIC, figure, change, change - half, change + half, "points", "associated", "category", category,
                 len(rows), rows["account_id"].nunique(), verdict, said)  # fmt: skip
