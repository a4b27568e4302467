"""For which domain accounts leave as the model attributes it: what raises predictions, which causes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import resampled_weights
from pipelines.churn.encoder import FloatArray
from pipelines.experience.found import Found

FEWEST, RESAMPLES = 10, 400
ATTRIBUTED = "attributed"


def attributed_shares(topic: str, attributed: pd.DataFrame | None) -> Iterator[Found]:
    """Yield the share of each domain in what raises the predictions, each account counting once; they add up to 100 %.

    Accounts are resampled; of one model, whose own uncertainty is not in the interval.

    Parameters
    ----------
    attributed
        account_id, domain, contribution (log-odds); those that lower a prediction are left out. None: no champion.
    """
    if attributed is None:
        why = "no champion whose predictions could be looked into"
        yield Found.refused(topic, ATTRIBUTED, why, "domain", "all")
        return
    raising = attributed[attributed["contribution"] > 0]
    n = raising["account_id"].nunique()
    if n < FEWEST:
        why = f"{n} accounts whose prediction something raises; {FEWEST} are needed"
        yield Found.refused(topic, ATTRIBUTED, why, "domain", "all")
        return
    total = raising.groupby("account_id")["contribution"].transform("sum")
    rows = raising.assign(share=raising["contribution"] / total)
    by_account = rows.pivot_table(index="account_id", columns="domain", values="share", aggfunc="sum", fill_value=0.0)
    table = by_account.to_numpy(dtype=float)
    drawn = np.concatenate([_means(weights, table) for weights in resampled_weights(np.arange(n), RESAMPLES, seed=0)])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    said = "what predictions of those most at risk rest on, not what causes leaving"
    for place, domain in enumerate(by_account.columns):
        yield Found(topic, ATTRIBUTED, 100 * float(table[:, place].mean()), 100 * float(low[place]),
                    100 * float(high[place]), "% of what raises predictions", "predicted", "domain", str(domain), 0, n,
                    sentence=said)  # fmt: skip


def _means(weights: FloatArray, table: FloatArray) -> FloatArray:
    means: FloatArray = weights @ table / weights.sum(axis=1, keepdims=True)
    return means
