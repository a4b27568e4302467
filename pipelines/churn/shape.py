"""What trees may look like: one trial's settings, and how a study asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.churn.boosting import parameters

if TYPE_CHECKING:
    import optuna

LADDER = (2, 4, 8, 16, 31, 63)
USUAL_L2, USUAL_SHARE = 10.0, 0.5
LEAF_TIMES, L2, SHARE = (1.0, 4.0), (0.3, 100.0), (0.25, 1.0)
"""Leaves are made larger, never smaller: LightGBM leaves out of a binned table what no leaf of the first size holds."""


@dataclass(frozen=True)
class Shape:
    """The settings that a search chooses.

    Attributes
    ----------
    leaves
        Of a tree, at most.
    leaf_times
        How many times as many rows a leaf has to hold as is usual for so many rows.
    l2
        By how much what a leaf says is pulled to nothing: LightGBM's `lambda_l2`.
    feature_share
        Of the features, those that a tree may look at.
    by_rates
        Whether categories with many levels are read as the churn rate of each level.
    is_monotone
        Whether trees never say the opposite of what is known of a feature's direction.
    """

    leaves: int
    leaf_times: float = 1.0
    l2: float = USUAL_L2
    feature_share: float = USUAL_SHARE
    by_rates: bool = False
    is_monotone: bool = False

    @property
    def is_usual(self) -> bool:
        """Whether all but the size is as it always is.

        >>> Shape(8).is_usual, Shape(8, l2=3.0).is_usual
        (True, False)
        """
        return (self.leaf_times, self.l2, self.feature_share) == (1.0, USUAL_L2, USUAL_SHARE)

    @property
    def unusual(self) -> str:
        """All but the size, in words.

        >>> Shape(8, l2=3.0).unusual
        'leaves x 1, L2 3, 50% of features'
        """
        return f"leaves x {self.leaf_times:.2g}, L2 {self.l2:.2g}, {self.feature_share:.0%} of features"

    @property
    def as_asked(self) -> dict[str, float]:
        """What a study is told to try first."""
        asked = {"leaf_times": self.leaf_times, "l2": self.l2, "feature_share": self.feature_share}
        return {"leaves": self.leaves} | asked

    def settings(self, n_rows: int, seed: int, directions: Sequence[int]) -> dict[str, Any]:
        """Return LightGBM's parameters for a refit on so many rows.

        >>> Shape(8, leaf_times=2.0).settings(1_000, 0, [])["min_data_in_leaf"]
        40
        """
        settings = parameters(self.leaves, n_rows, seed)
        settings["min_data_in_leaf"] = round(settings["min_data_in_leaf"] * self.leaf_times)
        settings |= {"lambda_l2": self.l2, "feature_fraction": self.feature_share}
        return settings | {"monotone_constraints": list(directions)} if self.is_monotone else settings


def suggested(trial: optuna.Trial, like: Shape, most_leaves: int) -> Shape:
    """Return what a study asks to try: encoding and directions as in `like`, up to so many leaves."""
    return Shape(
        trial.suggest_int("leaves", LADDER[0], most_leaves, log=True),
        trial.suggest_float("leaf_times", *LEAF_TIMES, log=True),
        trial.suggest_float("l2", *L2, log=True),
        trial.suggest_float("feature_share", *SHARE),
        like.by_rates,
        like.is_monotone,
    )
