"""How sure a probability is: an interval for the churn of accounts that are alike in all that is known of them.

Bayesian logistic regression stands beside the trees: a normal prior on its coefficients whose spread the data choose
(the evidence approximation, MacKay 1992, "The Evidence Framework Applied to Classification Networks"), and the normal
approximation of what is then believed of an account's log-odds. Unlike refits on resampled accounts it knows how far
few data pull every probability to the middle: on simulated companies of 200 accounts refits covered 48 % where 90 % was
asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from features.errors import ReleaseError
from pipelines.churn.calibration import probability
from pipelines.churn.design import Design
from pipelines.churn.encoder import FloatArray, Matrix

FILE = "interval.parquet"
POSITIONS = ("numbers", "categories", "lacking")
LEVEL = 0.9
Z = 1.6448536269514722
NODES, STEPS = 15, 25
CLOSE = 1e-8
TINY = np.finfo(np.float64).tiny


class Interval90(NamedTuple):
    """The 90 % interval of each probability, (n,) each."""

    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Uncertainty:
    """How far the log-odds of an account may be from the truth.

    Attributes
    ----------
    design
        From encoded rows to the regression's columns.
    coefficients
        (q + 1,) of the regression, the intercept last.
    root
        (q + 1, q + 1) of which root @ root.T is the covariance of its coefficients.
    model_sd
        By how much log-odds of trees and regression differ, as a standard deviation: neither is the truth.
    """

    design: Design
    coefficients: FloatArray
    root: FloatArray
    model_sd: float

    def interval(self, X: Matrix, churn_prob: FloatArray) -> Interval90:
        """Return the 90 % intervals of probabilities that were predicted for encoded rows.

        Variances of three kinds add up: of the coefficients, of how far the two models differ as a rule, and of how far
        they differ on this account.
        """
        columns = np.column_stack([self.design.transform(X), np.ones(len(X))])
        # Not by BLAS, whose last bits hang on how many rows there are: an account has one interval, whoever is beside.
        sd = np.sqrt(np.square(np.einsum("ij,jk->ik", columns, self.root)).sum(axis=1))
        differ = centre(churn_prob, sd) - np.einsum("ij,j->i", columns, self.coefficients)
        sd = np.sqrt(np.square(sd) + self.model_sd**2 + np.square(differ))
        middle = centre(churn_prob, sd)
        return Interval90(probability(middle - Z * sd), probability(middle + Z * sd))

    def save(self, folder: Path) -> None:
        """Write the file into an existing folder."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        arrays = {name: np.asarray(array, dtype=np.float64) for name, array in vars(self.design).items()}
        arrays |= {"coefficients": self.coefficients, "root": self.root, "model_sd": np.array([self.model_sd])}
        table = pa.table({"name": list(arrays), "values": [array.ravel().tolist() for array in arrays.values()]})
        pq.write_table(table, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Uncertainty:
        """Return what `save` wrote.

        Raises
        ------
        ReleaseError
            When it cannot be read.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            said = pq.read_table(folder / FILE)
            # Arrow's own arrays: a Python number for each would hold up whoever is answered meanwhile.
            own = (row.values.to_numpy() for row in said["values"])
            kept = dict(zip(said["name"].to_pylist(), own, strict=True))
            coefficients, model_sd = kept.pop("coefficients"), float(kept.pop("model_sd")[0])
            root = kept.pop("root").reshape(len(coefficients), len(coefficients))
            design: Any = {name: array.astype(np.intp) if name in POSITIONS else array for name, array in kept.items()}
            return cls(Design(**design), coefficients, root, model_sd)
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, pa.ArrowException) as problem:
            came = f"{FILE}, which cannot be read ({problem})"
            raise ReleaseError.of(came, "the file that training wrote", "train again") from problem


def centre(churn_prob: FloatArray, sd: FloatArray) -> FloatArray:
    """Return (n,) the log-odds m for which the mean of the probability is churn_prob, log-odds being normal (m, sd).

    A probability that was predicted is a mean over all that may be true; where that is much, most of it lies nearer to
    0 or 1 than the mean does.

    >>> centre(np.array([0.5, 0.1, 0.1]), np.array([1.0, 0.0, 1.5])).round(2).tolist()
    [0.0, -2.2, -2.95]
    """
    nodes, weights = _nodes()
    middle = np.log(churn_prob) - np.log1p(-churn_prob)
    middle = middle * np.sqrt(1 + np.pi * np.square(sd) / 8)
    spread = sd[:, None] * nodes
    settled = np.zeros(len(middle), dtype=bool)
    with np.errstate(invalid="ignore"):  # what is NaN stays NaN
        for _ in range(STEPS):
            prob = np.exp(-np.logaddexp(0.0, -(middle[:, None] + spread)))  # `probability` in a third of the time
            off = np.einsum("ij,j->i", prob, weights) - churn_prob
            slope = np.einsum("ij,j->i", prob * (1 - prob), weights)
            step = np.minimum(np.maximum(off / np.maximum(slope, TINY), -1.0), 1.0)
            middle = middle - np.where(settled, 0.0, step)
            settled |= ~(np.abs(step) >= CLOSE)  # each by itself: its last bits are its own, whoever is beside it
            if settled.all():
                break
    return middle


@cache
def _nodes() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return nodes, weights / weights.sum()
