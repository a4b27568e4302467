"""What uplift is learnt from: who was helped and who was not, whether they stayed, and what was known before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.drivers.nuisance import Bools, Floats, Matrix
from pipelines.drivers.rows import FOLDS, Ints

Grade = Literal["randomised", "adjusted", "assumed"]
"""What an effect rests on: assigned by lot; logged, and adjusted for what was known; or a number in the settings."""


@dataclass(frozen=True)
class Trial:
    """Assignments of one kind of action, one row each; the rows of an account are not independent.

    Attributes
    ----------
    X
        (n, p) what was known of the account before it was decided.
    helped, stayed
        (n,) 1 or 0: whether it was to be helped; whether it was still there one horizon later.
    account
        (n,) numbers.
    chance
        (n,) with which it was to be helped; NaN where that is not known and has to be learnt.
    """

    X: Matrix
    helped: Ints
    stayed: Ints
    account: Ints
    chance: Floats

    @property
    def grade(self) -> Grade:
        """Randomised where every chance is known."""
        return "randomised" if bool(np.isfinite(self.chance).all()) else "adjusted"

    @property
    def n_accounts(self) -> int:
        """How many accounts the rows are of."""
        return len(np.unique(self.account))

    def some(self, chosen: Bools) -> Trial:
        """Return some of the rows."""
        return Trial(
            self.X[chosen], self.helped[chosen], self.stayed[chosen], self.account[chosen], self.chance[chosen]
        )

    def folds(self, seed: int) -> Ints:
        """Return a fold (0 to 4) for each row, all rows of an account in one."""
        _, account = np.unique(self.account, return_inverse=True)
        rng = np.random.default_rng(seed)
        return np.asarray((rng.permutation(account.max(initial=0) + 1) % FOLDS)[account])
