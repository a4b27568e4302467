"""Log-odds that mean what they say."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from features.errors import ModelError, ReleaseError
from pipelines.churn.encoder import FloatArray

PRIOR_SD = 1.0
"""How far, in log units, the slope is believed to stray from 1 before any data are seen."""


def probability(log_odds: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-log_odds)), strictly between 0 and 1.

    >>> probability(np.array([0.0, 1000.0])).tolist()
    [0.5, 0.9999999999999998]
    """
    half = np.exp(-np.abs(log_odds)) / (1 + np.exp(-np.abs(log_odds)))
    prob = np.where(log_odds < 0, half, 1 - half)
    return np.asarray(np.clip(prob, np.finfo(np.float64).tiny, 1 - np.finfo(np.float64).eps))


@dataclass(frozen=True)
class Calibration:
    """Calibrated log-odds = intercept + slope x raw log-odds, with slope > 0 (Platt 1999).

    It is linear on the log-odds, so contributions that add up to the raw log-odds still add up after it; and its slope
    is positive, so it never changes who is at more risk than whom.

    >>> Calibration(intercept=0.5, slope=2.0).apply(np.array([-1.0, 1.0])).tolist()
    [-1.5, 2.5]
    """

    intercept: float = 0.0
    slope: float = 1.0

    @classmethod
    def fit(
        cls, log_odds: FloatArray, churned: npt.NDArray[np.bool_], block: npt.NDArray[np.intp] | None = None
    ) -> Calibration:
        """Return the calibration under which the held-out labels are likeliest.

        With `block` (n, from 0), each block has an intercept of its own and the slope is common; the intercept returned
        is their mean. Blocks of time differ in how many leave, which says nothing of the spread of the scores.

        Plain likelihood, not Platt's smoothed targets: those keep probabilities off 0 and 1 by an amount that only the
        class counts decide. What they guard against, a slope that runs off when few churners happen to be separated,
        and what they do not, a slope that turns negative when the scores carry nothing, is met by a weak normal prior
        on log slope (mean 0, which is no correction, sd 1); a few dozen churners already outweigh it.

        Raises
        ------
        ModelError
            When there is nobody who churned, or nobody who stayed.
        """
        from scipy.optimize import minimize

        if churned.all() or not churned.any():
            raise ModelError.of(
                "held-out accounts of one kind only", "some that churned and some that stayed", "use a longer history"
            )
        sign = np.where(churned, -1.0, 1.0)
        blocks = np.zeros(len(sign), dtype=np.intp) if block is None else block
        n_blocks = int(blocks.max()) + 1

        def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
            intercepts, log_slope = parameters[:-1], parameters[-1]
            scaled = np.exp(log_slope) * log_odds
            margin = sign * (intercepts[blocks] + scaled)
            pull = sign * probability(margin)
            value = np.logaddexp(0, margin).sum() + 0.5 * (log_slope / PRIOR_SD) ** 2
            levels = np.bincount(blocks, weights=pull, minlength=n_blocks)
            gradient = np.append(levels, pull @ scaled + log_slope / PRIOR_SD**2)
            return float(value) / len(sign), gradient / len(sign)

        found = minimize(loss, np.zeros(n_blocks + 1), jac=True, method="BFGS", options={"gtol": 1e-9}).x
        return cls(float(found[:-1].mean()), float(np.exp(found[-1])))

    def at_level(self, log_odds: FloatArray, churn_rate: float) -> Calibration:
        """Return the same slope with the intercept at which the mean probability is the churn rate.

        >>> level = Calibration(slope=2.0).at_level(np.array([-1.0, 0.0, 1.0]), 0.5)
        >>> round(level.intercept, 9) + 0.0, level.slope
        (0.0, 2.0)
        """
        from scipy.optimize import brentq

        scaled = self.slope * log_odds
        reach = float(np.abs(scaled).max()) + 40.0
        intercept = brentq(lambda a: float(probability(a + scaled).mean()) - churn_rate, -reach, reach)
        return Calibration(float(intercept), self.slope)

    def apply(self, log_odds: FloatArray) -> FloatArray:
        """Return the calibrated log-odds, same shape."""
        return self.intercept + self.slope * log_odds

    def to_json(self) -> str:
        """Return the calibration as plain JSON."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """Return the calibration that `to_json` wrote.

        Raises
        ------
        ReleaseError
            When the text is not such JSON, or its slope is not positive.
        """
        try:
            plain = json.loads(text)
            calibration = cls(float(plain["intercept"]), float(plain["slope"]))
        except (ValueError, TypeError, KeyError) as error:
            raise ReleaseError.of(
                f"a calibration that cannot be read ({error})", "the JSON that training wrote", "train again"
            ) from error
        if not (np.isfinite(calibration.intercept) and 0 < calibration.slope < np.inf):
            raise ReleaseError.of(f"{calibration}", "a finite intercept and a positive slope", "train again")
        return calibration
