"""Online Retail: the model beside recency, frequency and money in a regression, and beside BG/NBD, out of time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.report import Figure
from experiments.benchmarks.yardsticks.bg_nbd import BgNbd, History
from experiments.datasets import ONLINE_RETAIL
from pipelines.churn.encoder import FloatArray
from pipelines.churn.evaluation import MODEL, usual_learners
from pipelines.churn.logistic import LogisticBaseline
from pipelines.churn.metrics import auc, log_losses
from pipelines.churn.splits import evaluation_split
from pipelines.engine import opened_tables
from pipelines.training_data import read_panel

RFM = ("recency_days", "purchase_recency_days", "purchases_365d", "purchase_days_365d", "spent_365d")


def buying_figures(data: Path) -> Iterator[Figure]:
    """Yield AUC and log loss of each side on the latest quarter of the dates; BG/NBD ranks, it has no churn."""
    with tempfile.TemporaryDirectory(prefix="perennial-") as home:
        settings = ONLINE_RETAIL.configured(data, Path(home))
        with opened_tables(settings, lambda _: None) as warehouse:
            bought = warehouse.tables["transactions"].select("account_id", "occurred_at", "amount").to_pandas()
        panel = read_panel(settings, lambda _: None)
    rows, gap = panel.matured, panel.definition.matures_days
    (fold,) = evaluation_split(rows, gap).folds
    train, test = rows.iloc[fold.train], rows.iloc[fold.test].reset_index(drop=True)
    churned = test["churned"].to_numpy(dtype=bool)
    features = tuple(feature for feature in panel.features if feature.name in RFM)
    prob = {
        "model": np.asarray(usual_learners(gap_days=gap)[MODEL](train, panel.features).prob(test)),
        "rfm_logistic": LogisticBaseline.fit(train, features, log=True).prob(test),
    }
    about = f"{len(test):,} rows, {int(churned.sum()):,} churned, out of time"
    found = {side: auc(churned, said) for side, said in prob.items()}
    found["bg_nbd"] = auc(churned, -bg_nbd_purchases(bought, test, panel.definition.horizon_days))
    for side, value in found.items():
        yield Figure(f"buying.{side}.auc", value, f"share, {about}")
    for side, said in prob.items():
        yield Figure(f"buying.{side}.log_loss", float(log_losses(churned, said).mean()), f"nats, {about}")
    for side in ("rfm_logistic", "bg_nbd"):
        yield Figure(f"buying.model.auc_above.{side}", found["model"] - found[side], f"share, {about}", "> 0")


def bg_nbd_purchases(bought: pd.DataFrame, test: pd.DataFrame, days: int) -> FloatArray:
    """Return (n,) the purchases expected of each row's account, by a fit to all that was bought before its date."""
    days_bought = bought[bought["amount"] > 0].assign(day=bought["occurred_at"].dt.floor("D"))
    found = np.zeros(len(test))
    for date, places in test.groupby("as_of").indices.items():
        at = pd.Timestamp(str(date))
        before = days_bought[days_bought["day"] < at].groupby("account_id")["day"]
        first, last, n = before.min(), before.max(), before.nunique()
        seen = History(
            *(np.asarray(one, dtype=np.float64) for one in (n - 1, _weeks(last - first), _weeks(at - first)))
        )
        expected = pd.Series(BgNbd.fit(seen).expected_purchases(seen, days / 7), index=n.index)
        # Who bought nothing before but returned is not known to it.
        found[places] = expected.reindex(test["account_id"].iloc[places]).fillna(0.0).to_numpy()
    return found


def _weeks(spans: pd.Series[Any]) -> FloatArray:
    return np.asarray(spans.dt.total_seconds() / (7 * 86_400), dtype=np.float64)
