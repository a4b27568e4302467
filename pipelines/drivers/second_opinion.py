"""A second opinion on an effect: logistic regression on the same adjustment set."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.stats import norm

from pipelines.drivers.covariates import Covariates
from pipelines.drivers.effect import CONFIDENCE, POINTS, Comparison, Effect
from pipelines.drivers.nuisance import Floats

FARTHEST = 5.0  # standard deviations; what lies beyond is drawn in


def second_opinion(comparison: Comparison, covariates: Covariates) -> Effect | None:
    """Return the average effect on those who had it bad as a logistic regression tells it; None where it has none.

    Covariates enter as logarithms, standardised, unknown ones as their mean with a mark. The effect is the mean
    difference of predicted churn with and without the experience (g-computation: Robins 1986), its error by the delta
    method from a covariance clustered by account.

    Parameters
    ----------
    covariates
        of the comparison's rows, those that were adjusted for.
    """
    import statsmodels.api as sm

    design = np.column_stack([np.ones(len(comparison.bad)), comparison.bad, _standardised(covariates.matrix)])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            model = sm.GLM(comparison.churned, design, family=sm.families.Binomial())
            found = model.fit(maxiter=50, cov_type="cluster", cov_kwds={"groups": comparison.account})
        except (np.linalg.LinAlgError, sm.tools.sm_exceptions.PerfectSeparationError, ValueError):
            return None
    if not found.converged:
        return None
    coefficients, covariance = np.asarray(found.params), np.asarray(found.cov_params())
    with_it = design[comparison.bad == 1]
    without = with_it.copy()
    without[:, 1] = 0.0
    shares = [1 / (1 + np.exp(-rows @ coefficients)) for rows in (with_it, without)]
    slopes = [(share * (1 - share)) @ rows / len(rows) for share, rows in zip(shares, (with_it, without), strict=True)]
    gradient = slopes[0] - slopes[1]
    points = float((shares[0] - shares[1]).mean()) * POINTS
    variance = float(gradient @ covariance @ gradient)
    if not np.isfinite(variance) or variance <= 0:
        return None
    error = float(np.sqrt(variance)) * POINTS
    reach = float(norm.isf((1 - CONFIDENCE) / 2)) * error
    n_bad = int(comparison.bad.sum())
    return Effect(
        points=points, low=points - reach, high=points + reach, error=error,
        p_value=float(2 * norm.sf(abs(points) / error)), n_bad=n_bad, n_good=len(comparison.bad) - n_bad,
        n_accounts=len(np.unique(comparison.account)),
    )  # fmt: skip


def disagreement(effect: Effect, other: Effect | None) -> str | None:
    """Return in words how a second opinion differs and what is the likely cause; None where it does not."""
    if other is None:
        return "the logistic regression found no answer"
    if effect.low <= other.points <= effect.high:
        return None
    if effect.low <= 0 <= effect.high and not other.low <= 0 <= other.high:
        return "the logistic regression sees an effect where none is found: it takes for one what confounds it, since it lets every covariate act along one line"
    return "the logistic regression says otherwise: churn does not follow the covariates along one line"


def _standardised(matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Floats:
    values = np.sign(matrix) * np.log1p(np.abs(matrix.astype(float)))
    unknown = np.isnan(values)
    n_known = np.maximum((~unknown).sum(axis=0), 1)
    mean = np.where(unknown, 0.0, values).sum(axis=0) / n_known
    centred = np.where(unknown, 0.0, values - mean)
    spread = np.sqrt((centred**2).sum(axis=0) / n_known)
    scaled = np.clip(centred / np.where(spread > 0, spread, 1.0), -FARTHEST, FARTHEST)
    marks = np.unique(unknown[:, unknown.mean(axis=0) > 0.01], axis=1).astype(float)
    columns = np.column_stack([scaled, marks])
    return _independent(columns[:, columns.std(axis=0) > 0])


def _independent(columns: Floats) -> Floats:
    """The columns without those that the ones before them give already (pivoted QR)."""
    from scipy.linalg import qr

    if columns.shape[1] == 0:
        return columns
    centred = columns - columns.mean(axis=0)
    _, r, order = qr(centred, mode="economic", pivoting=True)
    size = np.abs(np.diag(r))
    return columns[:, np.sort(order[: int((size > 1e-3 * size[0]).sum())])]
