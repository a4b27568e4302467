"""What fewer cases would save, were accounts more content by one point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.experience.adjusting import covariates
from pipelines.experience.found import Found
from pipelines.experience.judged import judged

TOPIC = "cost to serve"
FEWEST_ACCOUNTS, FEWEST_CASES = 50, 50


def service_costs(
    year: pd.DataFrame, cost_a_case: float | None, *, adjust_for: Sequence[str] = ()
) -> tuple[Found, ...]:
    """Return by how much cases go down with a point more of score, and what that many fewer would have saved in a year.

    Poisson regression of the cases in the year on the score before it, on what was known then, and on the share of the
    year the account was there; errors robust to counts that spread more (Wooldridge 1999, Journal of Econometrics 90).

    Parameters
    ----------
    year
        of `account_year`, with cases counted (and cases_before).
    cost_a_case
        in the company's currency; None: only the rate is told.
    """
    if "cases" not in year or len(year) < FEWEST_ACCOUNTS or year["cases"].sum() < FEWEST_CASES:
        n_cases = int(year["cases"].sum()) if "cases" in year else 0
        why = f"{len(year)} accounts with an answer and {n_cases} cases in the year after"
        return (Found.refused(TOPIC, "cases a point", f"{why}; {FEWEST_ACCOUNTS} and {FEWEST_CASES} are needed"),)
    if year["score"].nunique() < 2:
        return (Found.refused(TOPIC, "cases a point", "all accounts have the same score; none can be compared"),)
    slope, error, cases = _slope(year, adjust_for)
    n = int(year["cases"].sum())
    said = "for one point more of 10 on recommendation; goes along with it, not shown to be caused"
    frame = Found(TOPIC, "cases a point", np.nan, unit="% of cases", basis="associated", n=n, n_accounts=len(year),
                  sentence=said)  # fmt: skip
    change = judged(frame, slope, error)
    rate, low, high = (100 * (np.exp(one) - 1) for one in (change.value, change.low, change.high))
    told = replace(change, value=rate, low=low, high=high)
    if cost_a_case is None:
        return told, Found.refused(TOPIC, "saved by one point", "nothing says what a case costs: say it")
    saved, most, least = (-cost_a_case * cases * one / 100 for one in (rate, low, high))
    return told, replace(told, figure="saved by one point", value=saved, low=least, high=most, unit="currency a year")


def _slope(year: pd.DataFrame, adjust_for: Sequence[str]) -> tuple[float, float, float]:
    """Change of the logarithm of cases with a point, its standard error, and the cases there were."""
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    rows = year.assign(log_opening=np.log(year["opening"]))
    before = [name for name in ("log_opening", "tenure_days", "cases_before", *adjust_for) if name in rows]
    X = np.column_stack(
        [np.ones(len(rows)), rows["score"].to_numpy(dtype=float), covariates(rows, ["survey_type", *before])]
    )
    there = rows["share_there"].to_numpy(dtype=float) if "share_there" in rows else np.ones(len(rows))
    fitted = GLM(rows["cases"].to_numpy(dtype=float), X, family=Poisson(), exposure=np.maximum(there, 0.01)).fit(
        cov_type="HC1"
    )
    return float(fitted.params[1]), float(fitted.bse[1]), float(rows["cases"].sum())
