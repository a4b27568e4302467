"""Whether something foretells leaving beyond what is known anyway, and which of several readings foretells best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.experience.clustered import Estimate, clustered_mean
from pipelines.experience.invited import independent
from pipelines.experience.regression import Fit, logit

LATE_SHARE = 1 / 3
"""The last quarters, on which models of those before are judged."""
STANDING = ("mrr", "tenure_years")
PER_THOUSAND = 1000.0
Float = npt.NDArray[np.float64]


def hazard_design(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return a constant, revenue (logarithm) and tenure, and columns, each standardised; what does not vary is out."""
    standing = pd.DataFrame({"mrr": np.log1p(rows["mrr"].astype(float)), "tenure_years": rows["tenure_years"]})
    X = pd.concat([standing, rows[list(columns)].astype(float)], axis=1)
    X = (X - X.mean()) / X.std().where(X.std() > 1e-9)
    X = X.dropna(axis=1, how="all").assign(constant=1.0)
    return independent(X[["constant", *[name for name in X if name != "constant"]]])


def added_risk(rows: pd.DataFrame, column: str, beside: Sequence[str]) -> Fit | None:
    """Return the log-odds of leaving for one standard deviation of a column, others beside it held equal.

    None where the column does not vary, or others tell it.
    """
    X = hazard_design(rows, [*beside, column])
    return logit(rows["left"], X, rows["account_id"]).of(column) if column in X else None


def contrasted(rows: pd.DataFrame, column: str) -> Fit:
    """Return the log-odds of leaving of rows where a column is true beside the others, at equal revenue and tenure."""
    X = hazard_design(rows, []).assign(contrast=rows[column].astype(float))
    return logit(rows["left"], X, rows["account_id"]).of("contrast")


def gain(rows: pd.DataFrame, columns: Sequence[str], beside: Sequence[str]) -> Estimate:
    """Return by how much less wrong a hazard with `columns` is than one with `beside`, on quarters it has not seen.

    In log-likelihood for 1,000 account-quarters, positive where better; the interval counts accounts as clusters and
    takes both models as given (Vuong 1989).
    """
    dates = np.sort(rows["at"].unique())
    cut = dates[int(len(dates) * (1 - LATE_SHARE))]
    early, late = rows[rows["at"] < cut], rows[rows["at"] >= cut]
    more, less = (_likelihood(early, late, names) for names in (columns, beside))
    return clustered_mean(PER_THOUSAND * (more - less), late["account_id"])


def leads(rows: pd.DataFrame, columns: Sequence[str], beside: Sequence[str]) -> Estimate:
    """Return by how much likelier the departures are under one hazard than under another of as many columns.

    As `gain`, but of the rows that both are learnt from: with as many coefficients each, neither has an advantage
    (Vuong 1989).
    """
    more, less = (_likelihood(rows, rows, names) for names in (columns, beside))
    return clustered_mean(PER_THOUSAND * (more - less), rows["account_id"])


def _likelihood(early: pd.DataFrame, late: pd.DataFrame, columns: Sequence[str]) -> Float:
    """The log-likelihood of each late row by a hazard learnt from the early ones."""
    X = hazard_design(pd.concat([early, late], ignore_index=True), columns)
    fitted = logit(early["left"], X.iloc[: len(early)], early["account_id"])
    log_odds = X.iloc[len(early) :].to_numpy(dtype=float) @ fitted.values
    left = late["left"].to_numpy(dtype=float)
    found: Float = left * log_odds - np.logaddexp(0.0, log_odds)
    return found
