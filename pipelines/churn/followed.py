"""Rows that were followed: what was known of accounts at a date, and how long they stayed after it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import Encoder, FloatArray, Matrix
from pipelines.churn.lifetimes import Lifetimes


@dataclass(frozen=True)
class Followed:
    """What curves are learnt from.

    Attributes
    ----------
    encoder, X
        What encoded the rows, and the rows, (n, p).
    lives
        How long each account stayed.
    accounts
        (n,) whose row it is, as integers from 0: rows of one are held out together.
    weights
        (n,) how many of all rows each stands for.
    """

    encoder: Encoder
    X: Matrix
    lives: Lifetimes
    accounts: npt.NDArray[np.intp]
    weights: FloatArray

    def some(self, n: int, seed: int) -> Followed:
        """Return `n` of the rows, drawn at random; all where there are no more."""
        rows = np.sort(np.random.default_rng(seed).permutation(len(self.X))[:n])
        return replace(
            self,
            X=self.X[rows],
            lives=self.lives.some(rows),
            accounts=self.accounts[rows],
            weights=self.weights[rows],
        )
