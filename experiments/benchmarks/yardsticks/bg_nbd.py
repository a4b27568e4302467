"""BG/NBD, the buy-till-you-die model of Fader, Hardie and Lee (2005, "Counting Your Customers the Easy Way")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STARTS = ((1.0, 5.0, 1.0, 2.0), (0.3, 10.0, 0.5, 3.0))


@dataclass(frozen=True)
class History:
    """What a customer's purchases come to, (n,) each, in weeks.

    Attributes
    ----------
    repeats
        Days with a purchase after the first.
    last
        From the first purchase to the last.
    age
        From the first purchase to now.
    """

    repeats: Floats
    last: Floats
    age: Floats


@dataclass(frozen=True)
class BgNbd:
    """The four parameters: purchase rates are gamma (r, alpha), chances of dropping out beta (a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, seen: History) -> BgNbd:
        """Return the most likely parameters (equation 6), of two starts the better."""
        from scipy.optimize import minimize

        found = [minimize(_loss, np.log(start), args=(seen,), method="L-BFGS-B") for start in STARTS]
        return cls(*np.exp(min(found, key=lambda one: float(one.fun)).x).tolist())

    def expected_purchases(self, seen: History, weeks: float) -> Floats:
        """Return the expected number of purchases in the weeks to come (equation 10)."""
        from scipy.special import hyp2f1

        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        x, age = seen.repeats, seen.age
        far = hyp2f1(r + x, b + x, a + b + x - 1, weeks / (alpha + age + weeks))
        grown = 1 - ((alpha + age) / (alpha + age + weeks)) ** (r + x) * far
        dead = np.where(x > 0, a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + seen.last)) ** (r + x), 0.0)
        return np.asarray((a + b + x - 1) / (a - 1) * grown / (1 + dead))


def _loss(logs: Any, seen: History) -> float:
    from scipy.special import betaln, gammaln

    r, alpha, a, b = np.exp(logs)
    x = seen.repeats
    rates = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    drops = betaln(a, b + x) - betaln(a, b)
    alive = -(r + x) * np.log(alpha + seen.age)
    dead = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + seen.last)
    return -float((rates + drops + np.where(x > 0, np.logaddexp(alive, dead), alive)).sum()) / len(x)
