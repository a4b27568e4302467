"""Whether engaged relationships survive bad times: how likely accounts stay under a standard shock, by engagement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import Z
from pipelines.churn.encoder import FloatArray
from pipelines.experience.adjusting import covariates
from pipelines.experience.follow_up import why_no_hazard
from pipelines.experience.found import Found
from pipelines.experience.judged import judged
from pipelines.experience.regression import Regression, linear, logit

TOPIC = "robustness"
FEWEST_LEFT = 20
"""Departures after a shock, and without one."""
POINTS, ODDS = "percentage points", "log-odds of leaving"
LEVELS = {"low": 0.1, "middle": 0.5, "high": 0.9}
"""Quantiles of engagement at which the curve is told."""


def robustness(rows: pd.DataFrame) -> tuple[Found, ...]:
    """Return how much a shock harms, how much of that engagement spares, and the curve of retention under a shock.

    Regressions of leaving within the quarter on a shock in the quarter before, engagement before that, their product,
    revenue, tenure and the quarter; errors robust between accounts. What is spared is told twice, since the two need
    not agree (VanderWeele and Knol 2014, Epidemiologic Methods 3): in percentage points (least squares), which says how
    many accounts fewer leave; and in log-odds (logistic), which says whether a shock multiplies risk by less. Predicted
    retention is that of the average account. Who is engaged was not decided by lot: an association.

    Parameters
    ----------
    rows
        of `engaged_quarters`.
    """
    why = why_no_robustness(rows)
    if why:
        return (Found.refused(TOPIC, "spared by engagement", why),)
    return tuple(_told(rows))


def robustness_scores(rows: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return account_id and robustness: predicted probability of staying a quarter under a standard shock (0 to 1).

    Parameters
    ----------
    rows
        what it is learnt from.
    now
        account_id and engaged, of the accounts as they are.
    """
    mean, spread = _scale(rows)
    model = logit(rows["left"].to_numpy(dtype=float), _design(rows), rows["account_id"])
    z = (now["engaged"].to_numpy(dtype=float) - mean) / spread
    return pd.DataFrame({"account_id": now["account_id"].to_numpy(), "robustness": _stays(model, z)[0]})


def why_no_robustness(rows: pd.DataFrame) -> str | None:
    """Return why nothing is said of shocks; None where something can be."""
    why = why_no_hazard(rows)
    if why:
        return why
    if rows["engaged"].std() == 0:
        return "all accounts are equally engaged: nothing to compare"
    left = [int(rows.loc[rows["shocked"] == of, "left"].sum()) for of in (True, False)]
    if min(left) < FEWEST_LEFT:
        return f"{left[0]} accounts left after a shock and {left[1]} without; {FEWEST_LEFT} of each are needed"
    return None


def _scale(rows: pd.DataFrame) -> tuple[float, float]:
    engaged = rows["engaged"].to_numpy(dtype=float)
    return float(engaged.mean()), float(engaged.std())


def _design(rows: pd.DataFrame) -> pd.DataFrame:
    mean, spread = _scale(rows)
    z = (rows["engaged"].to_numpy(dtype=float) - mean) / spread
    shocked = rows["shocked"].to_numpy(dtype=float)
    beside = rows.assign(log_mrr=np.log1p(rows["mrr"].astype(float)), quarter=rows["at"].astype(str))
    standing = covariates(beside, ["log_mrr", "tenure_years", "quarter"])
    columns = {"constant": np.ones(len(rows)), "shocked": shocked, "engaged": z, "spared": -shocked * z}
    columns |= {f"standing {place}": column for place, column in enumerate(standing.T)}
    return pd.DataFrame(columns)


def _told(rows: pd.DataFrame) -> Iterator[Found]:
    left, design, accounts = rows["left"].to_numpy(dtype=float), _design(rows), rows["account_id"]
    model, points = logit(left, design, accounts), linear(100.0 * left, design, accounts)
    frame = Found(TOPIC, "", np.nan, basis="associated", n=int(rows["shocked"].sum()), n_accounts=model.n_accounts)
    more = "with one standard deviation more of engagement before it"
    for name, unit, fit, said in (
        ("harm of a shock", POINTS, points.of("shocked"), "leave in the quarter after it, at average engagement"),
        ("spared by engagement", POINTS, points.of("spared"), f"of that harm, {more}"),
        ("harm of a shock, multiplied", ODDS, model.of("shocked"), "at average engagement"),
        ("spared by engagement, multiplied", ODDS, model.of("spared"), f"by how much less risk is multiplied, {more}"),
    ):
        yield judged(replace(frame, figure=name, unit=unit, sentence=said), fit.value, fit.error)
    mean, spread = _scale(rows)
    quantiles: FloatArray = np.quantile(rows["engaged"].to_numpy(dtype=float), list(LEVELS.values()))
    stays, low, high = _stays(model, (quantiles - mean) / spread)
    for place, name in enumerate(LEVELS):
        yield replace(frame, figure="stays under a shock", group_by="engagement", group=name, unit="% of accounts",
                      value=100 * float(stays[place]), low=100 * float(low[place]), high=100 * float(high[place]),
                      basis="predicted", sentence="a quarter, the average account")  # fmt: skip


def _stays(model: Regression, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Predicted retention under a shock at each standardised engagement, with its 95 % interval."""
    X = np.zeros((len(z), len(model.names)))
    place = {name: column for column, name in enumerate(model.names)}
    X[:, place["constant"]] = X[:, place["shocked"]] = 1.0
    X[:, place["engaged"]], X[:, place["spared"]] = z, -z
    odds = X @ model.values
    reach = Z * np.sqrt(np.einsum("ij,jk,ik->i", X, model.covariance, X))
    stays, low, high = (1 / (1 + np.exp(odds + far)) for far in (0.0, reach, -reach))
    return stays, low, high
