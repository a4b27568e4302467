"""Means whose uncertainty counts accounts, not answers: answers of one account resemble one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.found import sure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FEWEST_ANSWERS, FEWEST_ACCOUNTS = 10, 5
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its standard error, 95 % interval, and what it rests on."""

    value: float
    error: float
    low: float
    high: float
    n: int = 0
    n_accounts: int = 0

    @property
    def excludes_zero(self) -> bool:
        """Whether the 99 % interval lies on one side of zero."""
        return sure(self.low, self.high) != 0


def reach(error: float, n_accounts: int) -> float:
    """Return half the width of the 95 % interval, by Student's t with one degree of freedom an account but one.

    >>> round(reach(1.0, 5), 2), round(reach(1.0, 10_000), 2)
    (2.78, 1.96)
    """
    from scipy.stats import t

    return float(error * t.ppf((1 + LEVEL) / 2, max(n_accounts - 1, 1)))


def estimate(value: float, error: float, n: int, n_accounts: int) -> Estimate:
    """Return an estimate with the interval of its standard error."""
    half = reach(error, n_accounts)
    return Estimate(value, error, value - half, value + half, n, n_accounts)


def clustered_means(answers: pd.DataFrame, by: Sequence[str], value: str, *, span: float) -> pd.DataFrame:
    """Return one row a group: the `by` columns, mean, error, low, high, n, n_accounts, n_effective.

    The variance is that of a ratio of account sums (Cochran 1977, section 9.2; Liang and Zeger 1986); `n_effective` is
    how many independent answers would tell as much. Where all answers are the same, the interval is what so many
    accounts can still hide (1 - 0.05^(1/accounts) of them) over the `span` of the value.
    """
    by = list(by)
    known = answers.dropna(subset=[value, *by])
    frame = known[[*by, "account_id"]].assign(_y=known[value].astype(float))
    groups = frame.groupby(by, observed=True)["_y"].agg(["mean", "var", "size"]).reset_index()
    groups = groups.rename(columns={"size": "n"})
    own = frame.groupby([*by, "account_id"], observed=True)["_y"].agg(["sum", "size"]).reset_index()
    own = own.merge(groups[[*by, "mean", "n"]], on=by)
    own["residual"] = (own["sum"] - own["size"] * own["mean"]) ** 2
    sums = own.groupby(by, observed=True).agg(squares=("residual", "sum"), n_accounts=("residual", "size"))
    found = groups.merge(sums.reset_index(), on=by)
    return _intervals(found, span)


def clustered_mean(values: ArrayLike, accounts: ArrayLike, weights: ArrayLike | None = None) -> Estimate:
    """Return the (weighted) mean of values with the interval that accounts as clusters give; weights are fixed.

    >>> clustered_mean([0, 1, 0, 1], ["a", "a", "b", "b"]).value
    0.5
    """
    y = np.asarray(values, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    mean = float(np.average(y, weights=w))
    codes, names = pd.factorize(np.asarray(accounts))
    sums = np.bincount(codes, weights=w * (y - mean), minlength=len(names))
    many = len(names)
    error = float(np.sqrt(many / max(many - 1, 1) * np.sum(sums**2)) / w.sum())
    return estimate(mean, error, len(y), many)


def too_few(n: int, n_accounts: int) -> str | None:
    """Return why a group is too small to be told of, None where it is not.

    >>> too_few(12, 3)
    '12 answers of 3 accounts; 10 of 5 are needed'
    """
    if n >= FEWEST_ANSWERS and n_accounts >= FEWEST_ACCOUNTS:
        return None
    return f"{n} answers of {n_accounts} accounts; {FEWEST_ANSWERS} of {FEWEST_ACCOUNTS} are needed"


def _intervals(found: pd.DataFrame, span: float) -> pd.DataFrame:
    from scipy.stats import t

    many = found["n_accounts"].to_numpy(dtype=float)
    freedom = np.maximum(many - 1, 1)
    error = np.sqrt(many / freedom * found.pop("squares").to_numpy()) / found["n"].to_numpy()
    half = error * t.ppf((1 + LEVEL) / 2, freedom)
    half = np.where(error > 0, half, span * (1 - (1 - LEVEL) ** (1 / many)))
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(error > 0, found.pop("var").to_numpy() / error**2, many)
    mean = found["mean"].to_numpy()
    return found.assign(error=error, low=mean - half, high=mean + half, n_effective=effective)
