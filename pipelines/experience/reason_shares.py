"""Service or product: for which domain accounts left as they say themselves, and as the model attributes it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import resampled_weights
from pipelines.churn.encoder import FloatArray
from pipelines.experience.found import Basis, Found

TOPIC = "service or product"
FEWEST, RESAMPLES = 10, 400
STATED, ATTRIBUTED = "stated", "attributed"


def reason_shares(stated: pd.DataFrame, attributed: pd.DataFrame) -> tuple[Found, ...]:
    """Return the share of each domain, stated and attributed, and where the two differ; shares of each add up to 1.

    Accounts are resampled. What the model attributes says why it predicts, and causes nothing.

    Parameters
    ----------
    stated
        account_id, domain: coded reasons of accounts that left, one row a reason; each account counts once in all.
    attributed
        account_id, domain, contribution (log-odds, of reasons that raise the prediction; others are left out).
    """
    said = stated.dropna(subset=["domain"])
    shares = said.assign(share=1 / said.groupby("account_id")["domain"].transform("size"))
    raising = attributed[attributed["contribution"] > 0]
    total = raising.groupby("account_id")["contribution"].transform("sum")
    by_model = raising.assign(share=raising["contribution"] / total)
    domains = sorted({*map(str, said["domain"]), *map(str, raising["domain"])})
    return (*_shares(shares, STATED, domains), *_shares(by_model, ATTRIBUTED, domains))


def _shares(rows: pd.DataFrame, way: str, domains: list[str]) -> Iterator[Found]:
    n = rows["account_id"].nunique()
    if n < FEWEST:
        yield Found.refused(TOPIC, f"share, {way}", f"{n} accounts with a reason {way}; {FEWEST} are needed")
        return
    by_account = rows.pivot_table(index="account_id", columns="domain", values="share", aggfunc="sum", fill_value=0.0)
    table = by_account.reindex(columns=domains, fill_value=0.0).to_numpy(dtype=float)
    drawn = np.concatenate([_means(weights, table) for weights in resampled_weights(np.arange(n), RESAMPLES, seed=0)])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    basis: Basis = "counted" if way == STATED else "predicted"
    words = "as accounts say" if way == STATED else "reasons of the prediction, not causes"
    for place, domain in enumerate(domains):
        yield Found(TOPIC, f"share, {way}", 100 * float(table[:, place].mean()), 100 * float(low[place]),
                    100 * float(high[place]), "%", basis, "domain", domain, len(rows), n, sentence=words)  # fmt: skip


def _means(weights: FloatArray, table: FloatArray) -> FloatArray:
    means: FloatArray = weights @ table / weights.sum(axis=1, keepdims=True)
    return means
