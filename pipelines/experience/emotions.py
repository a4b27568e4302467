"""What accounts feel: the emotions they name, where, what they foretell, and how long each lasts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.clustered import clustered_means, too_few
from pipelines.experience.follow_up import followed, why_no_hazard
from pipelines.experience.found import Found, verdict_of
from pipelines.experience.hazards import hazard_design
from pipelines.experience.lexicon import CLUSTERS, clusters_in, read_lexicon
from pipelines.experience.regression import logit

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "emotions"
FELT = 0.75
"""From 0 to 1: from here on the emotion of an item was felt."""
YEAR_DAYS = 365
FEWEST_WITH = 30
SMALLEST = 0.25


def emotions(data: ExperienceData, lexicon: Mapping[str, str] | None = None) -> list[Found]:
    """Return the share of each cluster of emotions by touchpoint and segment (counted), and what each foretells.

    Emotions are items of surveys whose name the lexicon knows, felt from 0.75 of the scale on, and English words in
    comments. What they foretell of leaving within 90 days is the odds of accounts that named one in the year before,
    all four side by side (associated): which cluster is worth more is found, not taken from the theory.
    """
    felt = felt_emotions(data, read_lexicon() if lexicon is None else lexicon)
    why = too_few(len(felt), felt["account_id"].nunique())
    if why:
        return [Found.refused(TOPIC, "share", f"of answers that name an emotion there are {why}")]
    return [*_shares(felt, data), *_effects(felt, data)]


def felt_emotions(data: ExperienceData, lexicon: Mapping[str, str]) -> pd.DataFrame:
    """Return account_id, answered_at, touchpoint and cluster, one row an answer and cluster that it names."""
    columns = ["account_id", "answered_at", "touchpoint"]
    items = data.responses[data.responses["metric"] == "emotion"]
    items = items[items["score"] >= FELT]
    known = items["item"].astype("str").str.lower().str.strip().map(dict(lexicon))
    of_items = items[columns].assign(cluster=known).dropna(subset=["cluster"])
    named = clusters_in(data.responses["comment"].astype("str"), lexicon)
    said = data.responses.loc[named["row"].to_numpy(), columns].assign(cluster=named["cluster"].to_numpy())
    return pd.concat([of_items, said], ignore_index=True).sort_values("answered_at", ignore_index=True)


def _shares(felt: pd.DataFrame, data: ExperienceData) -> Iterator[Found]:
    recent = felt[felt["answered_at"] >= data.as_of - pd.Timedelta(days=YEAR_DAYS)]
    recent = recent.merge(data.segments, on="account_id", how="left").assign(all="all")
    for by in ("all", "touchpoint", *data.segmentations):
        for cluster in CLUSTERS:
            is_it = recent.assign(value=100.0 * (recent["cluster"] == cluster))
            table = clustered_means(is_it, [by], "value", span=100.0)
            yield from (_share(cluster, by, row) for row in table.to_dict("records"))


def _share(cluster: str, by: str, row: Mapping[object, object]) -> Found:
    n, n_accounts = int(str(row["n"])), int(str(row["n_accounts"]))
    why = too_few(n, n_accounts)
    if why:
        return Found.refused(TOPIC, f"{cluster} share", why, by, str(row[by]))
    mean, low, high = (float(str(row[name])) for name in ("mean", "low", "high"))
    return Found(TOPIC, f"{cluster} share", mean, max(low, 0.0), min(high, 100.0), "% of emotions named", "counted",
                 by, str(row[by]), n, n_accounts)  # fmt: skip


def _effects(felt: pd.DataFrame, data: ExperienceData) -> Iterator[Found]:
    figure, rows = "odds of leaving", followed(data)
    rows = rows[rows["at"] > felt["answered_at"].min()] if len(rows) else rows
    why = why_no_hazard(rows)
    if why:
        yield Found.refused(TOPIC, figure, why)
        return
    rows = pd.concat([_named(felt, own) for _, own in rows.groupby("at")], ignore_index=True)
    told = [name for name in CLUSTERS if min(rows[name].sum(), (~rows[name]).sum()) >= FEWEST_WITH]
    for name in CLUSTERS:
        if name not in told:
            why = f"{int(rows[name].sum())} account-quarters named one; {FEWEST_WITH} are needed, and as many without"
            yield Found.refused(TOPIC, figure, why, "cluster", name)
    if not told:
        return
    X = pd.concat([hazard_design(rows, []), rows[told].astype(float)], axis=1)
    fitted = logit(rows["left"], X, rows["account_id"])
    for name in told:
        one = fitted.of(name)
        value, low, high = (float(np.exp(number)) for number in (one.value, one.low, one.high))
        verdict = verdict_of(one.low, one.high, SMALLEST)
        said = "named in the year before, beside not; the other clusters held equal"
        yield Found(TOPIC, figure, value, low, high, "times the odds", "associated", "cluster", name,
                    int(rows[name].sum()), fitted.n_accounts, verdict, said)  # fmt: skip


def _named(felt: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    at = rows["at"].iloc[0]
    own = felt[(felt["answered_at"] < at) & (felt["answered_at"] >= at - pd.Timedelta(days=YEAR_DAYS))]
    by = {name: own.loc[own["cluster"] == name, "account_id"] for name in CLUSTERS}
    return rows.assign(**{name: rows["account_id"].isin(accounts) for name, accounts in by.items()})
