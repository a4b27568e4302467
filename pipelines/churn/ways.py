"""Competing ways of leaving: which one it is, given that an account leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.churn.encoder import FloatArray, Matrix
from pipelines.churn.model import SMALL_BATCH


@dataclass(frozen=True)
class Ways:
    """The ways of leaving.

    Attributes
    ----------
    names
        In order of the alphabet.
    usual
        The share of each among those who left.
    booster
        A `lightgbm.Booster` that tells shares by what is known; None where all have the usual ones.
    """

    names: tuple[str, ...]
    usual: tuple[float, ...]
    booster: Any = None

    def shares(self, X: Matrix) -> FloatArray:
        """Return (n, ways) the probability of each way, given that the account leaves; they add up to 1."""
        if self.booster is None:
            return np.tile(self.usual, (len(X), 1))
        threads = 1 if len(X) < SMALL_BATCH else 0
        return np.asarray(self.booster.predict(X, num_threads=threads), dtype=np.float64).reshape(
            len(X), len(self.names)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the ways as plain values."""
        text = None if self.booster is None else str(self.booster.model_to_string())
        return {"names": self.names, "usual": self.usual, "model": text}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Ways:
        """Return the ways that `to_json` gave."""
        import lightgbm

        text = said["model"]
        return cls(
            tuple(said["names"]), tuple(said["usual"]), None if text is None else lightgbm.Booster(model_str=text)
        )
