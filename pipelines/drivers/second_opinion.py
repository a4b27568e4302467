"""A second opinion on an effect: logistic regression on the same adjustment set."""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from pipelines.drivers.covariates import Covariates
from pipelines.drivers.effect import CONFIDENCE, POINTS, Comparison, Effect
from pipelines.drivers.nuisance import Floats

WEAKEST = 100.0
"""Inverse strength of the ridge: it keeps a coefficient finite where a mark tells all, and is too weak for more."""
ONE_LINE = "it lets every covariate act along one line"
FARTHEST = 5.0  # standard deviations; what lies beyond is drawn in


def second_opinion(comparison: Comparison, covariates: Covariates) -> Effect:
    """Return the average effect on those who had it bad as a logistic regression tells it.

    Covariates enter as logarithms, standardised, unknown ones as their mean with a mark. The effect is the mean
    difference of predicted churn with and without the experience (g-computation: Robins 1986), its error by the delta
    method from the sandwich covariance, scores added up by account.

    Parameters
    ----------
    covariates
        of the comparison's rows, those that were adjusted for.
    """
    from sklearn.linear_model import LogisticRegression

    design = np.column_stack([np.ones(len(comparison.bad)), comparison.bad, _standardised(covariates.matrix)])
    model = LogisticRegression(C=WEAKEST, solver="newton-cholesky", fit_intercept=False).fit(design, comparison.churned)
    coefficients = model.coef_[0]
    with_it = design[comparison.bad == 1]
    without = with_it.copy()
    without[:, 1] = 0.0
    shares = [_share(rows @ coefficients) for rows in (with_it, without)]
    slopes = [(share * (1 - share)) @ rows / len(rows) for share, rows in zip(shares, (with_it, without), strict=True)]
    gradient = slopes[0] - slopes[1]
    # The treated accounts are taken as they are: the effect is on these.
    error = float(np.sqrt(gradient @ _sandwich(design, comparison, coefficients) @ gradient)) * POINTS
    points, reach = float((shares[0] - shares[1]).mean()) * POINTS, float(norm.isf((1 - CONFIDENCE) / 2)) * error
    n_bad = int(comparison.bad.sum())
    return Effect(
        points=points, low=points - reach, high=points + reach, error=error,
        p_value=float(2 * norm.sf(abs(points) / error)), n_bad=n_bad, n_good=len(comparison.bad) - n_bad,
        n_accounts=comparison.n_accounts,
    )  # fmt: skip


def _sandwich(design: Floats, comparison: Comparison, coefficients: Floats) -> Floats:
    """The covariance of the coefficients, accounts being independent (Liang and Zeger 1986)."""
    share = _share(design @ coefficients)
    bread = np.linalg.inv(design.T @ (design * (share * (1 - share))[:, None]) + np.eye(design.shape[1]) / WEAKEST)
    _, account = np.unique(comparison.account, return_inverse=True)
    scores = np.zeros((account.max() + 1, design.shape[1]))
    np.add.at(scores, account, design * (comparison.churned - share)[:, None])
    return np.asarray(bread @ scores.T @ scores @ bread)


def _share(log_odds: Floats) -> Floats:
    return np.asarray(expit(log_odds))


def disagreement(effect: Effect, other: Effect) -> str | None:
    """Return in words how a second opinion differs and what is the likely cause; None where it does not."""
    if effect.low <= other.points <= effect.high:
        return None
    if effect.low <= 0 <= effect.high and not other.low <= 0 <= other.high:
        return f"disagrees: takes for an effect what confounds it, since {ONE_LINE}"
    return f"disagrees: {ONE_LINE}, which churn does not follow"


def _standardised(matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Floats:
    values = np.sign(matrix) * np.log1p(np.abs(matrix.astype(float)))
    unknown = np.isnan(values)
    n_known = np.maximum((~unknown).sum(axis=0), 1)
    mean = np.where(unknown, 0.0, values).sum(axis=0) / n_known
    centred = np.where(unknown, 0.0, values - mean)
    spread = np.sqrt((centred**2).sum(axis=0) / n_known)
    scaled = np.clip(centred / np.where(spread > 0, spread, 1.0), -FARTHEST, FARTHEST)
    often = unknown.T[unknown.mean(axis=0) > 0.01]
    marks = list({mark.tobytes(): mark for mark in often}.values())  # such that are known together have one
    columns = np.column_stack([scaled, *marks]).astype(float)
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
