"""What is learnt from a panel of engaged accounts carried to the field, where the two overlap; refused where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.churn.encoder import FloatArray
from pipelines.experience.adjusting import covariates
from pipelines.experience.found import Found
from pipelines.experience.judged import judged

TOPIC = "from panel to field"
FEWEST_PANEL, FEWEST_ARM, FEWEST_EFFECTIVE = 60, 20, 30
UNLIKE_SHARE = 0.1
"""Of field accounts, how many may be likelier outside than any account of the panel was."""
PERCENT = 100.0


@dataclass(frozen=True)
class Weighted:
    """Each panel account's odds of being a field account, and how much of the field the panel does not reach."""

    weights: FloatArray
    effective: float
    unlike: float


def transported(panel: pd.DataFrame, field: pd.DataFrame, names: Sequence[str]) -> tuple[Found, ...]:
    """Return the effect in the panel, and in the field, in percentage points; the second is refused without overlap.

    Each panel account counts by its odds of being a field account (logistic regression on what is known before; Cole
    and Stuart 2010, American Journal of Epidemiology 172), in a least-squares fit with each covariate's own effect on
    the effect (moderation), whose mean over the field is told; the interval adds the error of the fit (HC3) and that of
    the field's means. Effects differ by nothing that is not measured: assumed.

    Parameters
    ----------
    panel
        treated (0 or 1, by lot), outcome (0 or 1) and covariates; one row an account.
    field
        the covariates of all other accounts.
    names
        covariates, known before the treatment.
    """
    arms = [int((panel["treated"] == arm).sum()) for arm in (1, 0)]
    if len(panel) < FEWEST_PANEL or min(arms) < FEWEST_ARM or field.empty:
        why = f"{arms[0]} treated and {arms[1]} untreated accounts in the panel, {len(field)} in the field"
        needed = f"{FEWEST_PANEL} with {FEWEST_ARM} of each, and a field are needed"
        return (Found.refused(TOPIC, "effect in the field", f"{why}; {needed}"),)
    X = covariates(pd.concat([panel[list(names)], field[list(names)]], ignore_index=True), names)
    own, other = X[: len(panel)], X[len(panel) :]
    treated, outcome = (panel[name].to_numpy(dtype=float) for name in ("treated", "outcome"))
    frame = Found(TOPIC, "effect in the panel", np.nan, unit="percentage points", basis="caused", n_accounts=len(panel),
                  sentence="among the accounts that took part; dealt out by lot")  # fmt: skip
    naive = judged(frame, *_effect(own, treated, outcome, np.ones(len(panel)), own))
    weighted = field_weights(own, other)
    if weighted.effective < FEWEST_EFFECTIVE or weighted.unlike > UNLIKE_SHARE:
        why = (
            f"not supported: the panel counts as {weighted.effective:.0f} accounts like the field's "
            f"({FEWEST_EFFECTIVE} are needed), and {PERCENT * weighted.unlike:.0f} % of the field is unlike any of it"
        )
        return naive, Found.refused(TOPIC, "effect in the field", why)
    said = f"transportable: the panel counts as {weighted.effective:.0f} accounts like the field's"
    told = Found(TOPIC, "effect in the field", np.nan, unit="percentage points", basis="caused",
                 n_accounts=len(panel) + len(field), sentence=said)  # fmt: skip
    return naive, judged(told, *_effect(own, treated, outcome, weighted.weights, other))


def field_weights(panel: FloatArray, field: FloatArray) -> Weighted:
    """Return the odds of being in the field by standardised covariates (rows are accounts), and the overlap.

    Overlap is looked at for the whole score and for each covariate: what lies beyond the panel's reach is unlike it.
    """
    from sklearn.linear_model import LogisticRegression

    X = np.vstack([panel, field])
    if not X.shape[1]:
        return Weighted(np.ones(len(panel)), float(len(panel)), 0.0)
    is_field = np.repeat([0, 1], [len(panel), len(field)])
    odds = LogisticRegression(C=100.0, max_iter=500).fit(X, is_field).decision_function(X)
    own, other = odds[: len(panel)], odds[len(panel) :]
    weights = np.exp(own - own.max())
    weights /= weights.mean()
    unlike = max(float((other > np.quantile(own, 0.99) + 0.5).mean()), _beyond(panel, field))
    return Weighted(weights, float(weights.sum() ** 2 / (weights @ weights)), unlike)


def _beyond(panel: FloatArray, field: FloatArray) -> float:
    """The largest share of the field beyond the panel's range in one covariate."""
    low, high = panel.min(axis=0), panel.max(axis=0)
    return float(((field < low) | (field > high)).mean(axis=0).max())


def _effect(
    own: FloatArray, treated: FloatArray, outcome: FloatArray, weights: FloatArray, target: FloatArray
) -> tuple[float, float]:
    """The mean effect over target covariates, in points, and its standard error."""
    from statsmodels.regression.linear_model import WLS

    centre = target.mean(axis=0)
    X = np.column_stack([np.ones(len(own)), treated, own - centre, treated[:, None] * (own - centre)])
    fitted = WLS(PERCENT * outcome, X, weights=weights).fit(cov_type="HC3")
    moderation = np.asarray(fitted.params)[2 + own.shape[1] :]
    # Centred at the target's means, the coefficient of treatment is the effect there; the means are estimates too.
    spread = np.atleast_2d(np.cov(target, rowvar=False)) / len(target) if own.shape[1] else np.zeros((0, 0))
    error = float(np.sqrt(fitted.bse[1] ** 2 + moderation @ spread @ moderation))
    return float(fitted.params[1]), error
