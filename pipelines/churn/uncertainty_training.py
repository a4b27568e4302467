"""How sure a model can be that learnt from these rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipelines.churn.calibration import probability
from pipelines.churn.design import Design
from pipelines.churn.encoder import FloatArray, Matrix
from pipelines.churn.model import ChurnModel
from pipelines.churn.uncertainty import Uncertainty

MOST_ROWS = 20_000
STEPS, ROUNDS = 25, 30
LARGEST_STEP = 2.0


def fit_uncertainty(churn: ChurnModel, X: Matrix, churned: FloatArray, weight: float, *, seed: int = 0) -> Uncertainty:
    """Return the uncertainty of a model on the encoded rows that it learnt from.

    Parameters
    ----------
    churned
        (n,) 1 or 0.
    weight
        How much a row counts: the same account at dates whose horizons overlap says the same again.
    """
    kept = np.sort(np.random.default_rng(seed).permutation(len(X))[:MOST_ROWS])
    # Rows that are left out would have said as much again.
    weight = weight * len(X) / len(kept)
    design = Design.fit(X[kept], churn.encoder)
    columns = design.transform(X[kept])
    posterior = _posterior(columns, churned[kept].astype(np.float64), weight)
    root = np.asarray(np.linalg.cholesky(posterior.covariance), dtype=np.float64)
    design_columns = np.column_stack([columns, np.ones(len(columns))])
    spread = np.square(design_columns @ root).sum(axis=1)
    theirs = design_columns @ posterior.coefficients / np.sqrt(1 + np.pi * spread / 8)
    ours = churn.calibration.slope * churn.raw_log_odds(X[kept])
    return Uncertainty(design, posterior.coefficients, root, float(np.std(ours - theirs)))


class _Posterior(NamedTuple):
    coefficients: FloatArray
    covariance: FloatArray


def _posterior(columns: FloatArray, churned: FloatArray, weight: float) -> _Posterior:
    """Return the mode and the covariance of coefficients under the prior that the data find likeliest."""
    n_columns = columns.shape[1]
    rate = churned.mean()
    at = np.append(np.zeros(n_columns), np.log(rate / (1 - rate)))
    # So that at first all columns together give log-odds a standard deviation of 1.
    precision = float(n_columns)
    for _ in range(ROUNDS):
        at, covariance = _mode(columns, churned, weight, precision, at)
        well_known = n_columns - precision * np.trace(covariance[:n_columns, :n_columns])
        found = well_known / max(float(at[:-1] @ at[:-1]), np.finfo(np.float64).tiny)
        if abs(np.log(found / precision)) < 0.01:
            break
        precision = float(np.clip(found, 1e-3, 1e6))
    return _Posterior(at, covariance)


def _mode(
    columns: FloatArray, churned: FloatArray, weight: float, precision: float, start: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Newton's method, in steps that change no log-odds by more than `LARGEST_STEP`."""
    at, prior = start, np.append(np.full(columns.shape[1], precision), 0.0)
    design = np.column_stack([columns, np.ones(len(columns))])
    for _ in range(STEPS):
        prob = probability(design @ at)
        gradient = weight * design.T @ (churned - prob) - prior * at
        curvature = (design * (weight * prob * (1 - prob))[:, None]).T @ design + np.diag(prior)
        step = np.linalg.solve(curvature, gradient)
        reach = float(np.abs(design @ step).max())
        at = at + step * min(1.0, LARGEST_STEP / max(reach, 1e-12))
        if reach < 1e-3:
            break
    return at, np.asarray(np.linalg.inv(curvature), dtype=np.float64)
