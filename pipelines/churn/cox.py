"""Proportional hazards (Cox 1972): the baseline that a retention curve has to justify itself against.

With a ridge penalty, since features are many: no library that runs beside this pandas and may be shipped has one that
ends in time. Without the penalty its coefficients are those of statsmodels' `PHReg` (Breslow's ties), which tests hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.churn.design import Design
from pipelines.churn.encoder import Columns, Encoder, FloatArray
from pipelines.churn.followed import Followed
from pipelines.churn.lifetimes import Lifetimes

RIDGES = (30.0, 300.0, 3000.0)
STEPS = 30
LARGEST_STEP = 2.0
HELD_OUT = 0.25
LARGEST_LOG_RISK = 30.0


@dataclass(frozen=True)
class Cox:
    """A fitted proportional hazards model.

    Attributes
    ----------
    coefficients
        (q,) log hazard ratios for one standard deviation of a column of the design.
    times, hazard
        Breslow's cumulative baseline hazard: when somebody left, and what it was then.
    """

    encoder: Encoder
    design: Design
    coefficients: FloatArray
    times: FloatArray
    hazard: FloatArray

    @classmethod
    def fit(cls, rows: Followed, *, seed: int) -> Cox:
        """Return the fit; the penalty is the one under which accounts held out are likeliest."""
        lives, accounts = rows.lives, rows.accounts
        design = Design.fit(rows.X, rows.encoder)
        columns = design.transform(rows.X)
        kept = (np.random.default_rng(seed).random(int(accounts.max()) + 1) >= HELD_OUT)[accounts]
        inner, outer = (lives.some(np.flatnonzero(part)) for part in (kept, ~kept))
        found = [
            partial_log_likelihood(columns[~kept], outer, coefficients(columns[kept], inner, ridge)) for ridge in RIDGES
        ]
        best = coefficients(columns, lives, RIDGES[int(np.argmax(found))])
        return cls(rows.encoder, design, best, *_baseline(columns @ best, lives))

    def stayed(self, columns: Columns, days: FloatArray) -> FloatArray:
        """Return (n, d) the probability of having stayed so many days."""
        risk = _risk(self.design.transform(self.encoder.transform(columns)) @ self.coefficients)
        base = np.append(0.0, self.hazard)[np.searchsorted(self.times, days, side="right")]
        return np.asarray(np.exp(-risk[:, None] * base))


def coefficients(columns: FloatArray, lives: Lifetimes, ridge: float) -> FloatArray:
    """Return the mode of the penalised partial likelihood, by Newton's method."""
    order = np.argsort(-lives.days, kind="stable")
    own, left = columns[order], lives.left[order]
    ends = _last_of_ties(lives.days[order])
    at = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        risk = _risk(own @ at)
        # All who were still there when somebody left: days fall, so that they are the rows up to it.
        there = np.cumsum(risk)[ends]
        sums = np.cumsum(risk[:, None] * own, axis=0)[ends]
        means = sums[left] / there[left][:, None]
        gradient = own[left].sum(axis=0) - means.sum(axis=0) - ridge * at
        share = _share_of_departures(left, there, ends)
        curvature = (own * (risk * share)[:, None]).T @ own - means.T @ means + ridge * np.eye(len(at))
        step = np.linalg.solve(curvature, gradient)
        reach = float(np.abs(own @ step).max())
        at = at + step * min(1.0, LARGEST_STEP / max(reach, 1e-12))
        if reach < 1e-6:
            break
    return at


def partial_log_likelihood(columns: FloatArray, lives: Lifetimes, at: FloatArray) -> float:
    """Return the partial log-likelihood of coefficients (Breslow's ties)."""
    order = np.argsort(-lives.days, kind="stable")
    log_risk = columns[order] @ at
    there = np.cumsum(_risk(log_risk))[_last_of_ties(lives.days[order])]
    return float((log_risk - np.log(there))[lives.left[order]].sum())


def _risk(log_risk: FloatArray) -> FloatArray:
    return np.asarray(np.exp(np.clip(log_risk, -LARGEST_LOG_RISK, LARGEST_LOG_RISK)))


def _last_of_ties(days: FloatArray) -> npt.NDArray[np.intp]:
    """For falling days the position of the last row with the same."""
    return np.searchsorted(-days, -days, side="right") - 1


def _share_of_departures(left: npt.NDArray[np.bool_], there: FloatArray, ends: npt.NDArray[np.intp]) -> FloatArray:
    """Over all departures at which a row was still there, the sum of 1 / risk of those who were."""
    each = np.where(left, 1 / there, 0.0)
    after = np.cumsum(each[::-1])[::-1]
    first = np.searchsorted(ends, ends, side="left")
    return np.asarray(after[first])


def _baseline(log_risk: FloatArray, lives: Lifetimes) -> tuple[FloatArray, FloatArray]:
    order = np.argsort(-lives.days, kind="stable")
    days, left = lives.days[order], lives.left[order]
    there = np.cumsum(_risk(log_risk[order]))[_last_of_ties(days)]
    times, place = np.unique(days[left], return_inverse=True)
    return times, np.cumsum(np.bincount(place, weights=1 / there[left], minlength=len(times)))
