"""Whether probabilities mean what they say, tenth by tenth: what was predicted and what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipelines.churn.bootstrap import resampled_weights
from pipelines.churn.encoder import FloatArray

if TYPE_CHECKING:
    import pandas as pd

PARTS = 10
RESAMPLES = 200


@dataclass(frozen=True)
class Tenth:
    """A tenth of held-out rows, of like probability.

    `predicted` is the mean probability, `counted` the share that churned with its 95 % interval (accounts resampled).
    """

    predicted: float
    counted: float
    low: float
    high: float
    n_rows: int
    n_accounts: int


def tenths(predictions: pd.DataFrame, learner: str) -> list[Tenth]:
    """Return the tenths, the least probable first.

    Parameters
    ----------
    predictions
        held-out rows: account_id, churned, weight, and one probability a learner.
    """
    prob, weights = predictions[learner].to_numpy(dtype=float), predictions["weight"].to_numpy()
    churned, accounts = predictions["churned"].to_numpy(dtype=float), predictions["account_id"]
    parts = _parts(prob, weights)
    low, high = share_intervals(predictions, parts)
    return [
        Tenth(
            float(np.average(prob[part], weights=weights[part])),
            float(np.average(churned[part], weights=weights[part])),
            float(at_least),
            float(at_most),
            len(part),
            int(accounts.iloc[part].nunique()),
        )
        for part, at_least, at_most in zip(parts, low, high, strict=True)
    ]


def _parts(prob: FloatArray, weights: FloatArray) -> list[npt.NDArray[np.intp]]:
    """Return the positions of the rows in ten parts of equal weight, the least probable first, empty ones left out."""
    order = np.argsort(prob, kind="stable")
    parts = np.array_split(np.arange(len(prob)), PARTS)
    ends = np.cumsum([len(part) for part in parts[:-1]]) * (weights.sum() / len(prob))
    found = np.split(order, np.searchsorted(np.cumsum(weights[order]), ends, side="right"))
    return [tenth for tenth in found if len(tenth)]


def share_intervals(predictions: pd.DataFrame, groups: Sequence[npt.NDArray[np.intp]]) -> tuple[FloatArray, FloatArray]:
    """Return the 95 % interval of the churn rate in each group of rows, low and high, accounts resampled."""
    if not groups:
        return np.zeros(0), np.zeros(0)
    churned, stands_for = predictions["churned"].to_numpy(dtype=float), predictions["weight"].to_numpy()
    drawn = []
    for resampled in resampled_weights(predictions["account_id"], RESAMPLES, seed=0):
        weights = resampled * stands_for
        sums = [(weights[:, group] @ churned[group], weights[:, group].sum(axis=1)) for group in groups]
        drawn.append(np.column_stack([n / np.maximum(of, 1) for n, of in sums]))
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975], axis=0)
    return low, high
