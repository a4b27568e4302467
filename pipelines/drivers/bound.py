"""At most how much of today's churn is the company's to move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from pipelines.drivers.driver import Levels
from pipelines.drivers.effect import CONFIDENCE, Comparison, fitted_model
from pipelines.drivers.finding import Figure
from pipelines.drivers.plain import BOUND
from pipelines.drivers.rows import DriverRows


def controllable_bound(rows: DriverRows, causes: Sequence[tuple[Comparison, Levels]]) -> Figure:
    """Return the share of expected churn that would not be, if nobody had any controllable bad experience.

    The sum over causes of effect x accounts that have it bad today, over the churners expected at the rate counted
    among all rows. Accounts that have several are counted for each, so that it is too much rather than too little, and
    the upper end of the interval is the bound. Its error adds up the scores of all effects by account, for one account
    speaks of several. Causes that were not found are not in it.

    Parameters
    ----------
    causes
        for each controllable driver that raises churn, the rows its effect comes of, and today's levels.
    """
    now, due = rows.is_latest, ~np.isnan(rows.churned)
    expected = float(rows.churned[due].mean()) * int(now.sum()) if due.any() else 0.0
    if expected == 0:
        return Figure.untold(BOUND, "nobody churned")
    total, scores = 0.0, np.zeros(int(rows.account.max()) + 1)
    for comparison, contrast in causes:
        model, n_bad = fitted_model(comparison), int((contrast.is_bad & now).sum())
        total += float(model.coef[0]) * n_bad
        by_account = np.bincount(comparison.account, model.psi[:, 0, 0], minlength=len(scores))
        scores += n_bad * by_account / len(comparison.rows)
    reach = float(norm.isf((1 - CONFIDENCE) / 2)) * float(np.sqrt(np.square(scores).sum()))
    value, low, high = (100 * max(0.0, saved) / expected for saved in (total, total - reach, total + reach))
    return Figure(
        BOUND, value, low, high, unit="% of the churners expected", n_rows=int(due.sum()),
        n_accounts=len(np.unique(rows.account[due])), sentence=_words(len(causes), high, expected, rows.horizon_days),
    )  # fmt: skip


def _words(n_causes: int, high: float, expected: float, horizon_days: int) -> str:
    if n_causes == 0:
        return "no controllable cause was found: of none of the churn is it known that it is yours to move"
    whose = f"the {expected:,.0f} accounts expected to churn within {horizon_days} days"
    return f"at most {min(high, 100.0):.0f} % of {whose} are yours to move by the causes found"
