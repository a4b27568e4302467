"""How much each feature moves predictions, over accounts: what the ranking, the card and the pictures are made from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import Z
from pipelines.churn.model import ChurnModel

EXPLAINED_ACCOUNTS = 500


def mean_contributions(churn: ChurnModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Return sentence, family, tier, mean_contribution (log-odds, absolute) by feature, the largest first.

    `low` and `high` are its 95 % interval over accounts, which are as good as drawn.
    """
    sample = rows.iloc[np.linspace(0, len(rows) - 1, min(len(rows), EXPLAINED_ACCOUNTS)).astype(int)]
    contributions, _ = churn.contributions(sample)
    sizes = np.abs(contributions)
    features, mean = churn.encoder.features, sizes.mean(axis=0)
    reach = Z * sizes.std(axis=0) / np.sqrt(len(sizes))
    frame = pd.DataFrame(
        {
            "feature": [feature.name for feature in features],
            "sentence": [feature.sentence for feature in features],
            "family": [feature.family for feature in features],
            "tier": [feature.tier for feature in features],
            "mean_contribution": mean,
            "low": np.maximum(mean - reach, 0.0),
            "high": mean + reach,
        }
    )
    frame = frame.sort_values(["mean_contribution", "feature"], ascending=[False, True], ignore_index=True)
    frame.attrs["n_accounts"] = len(sample)
    return frame
