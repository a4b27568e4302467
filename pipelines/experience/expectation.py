"""What accounts expect by what they are used to, and how fast they get used to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.experience.answered_cases import answered_cases, prompt_cases
from pipelines.experience.clustered import reach
from pipelines.experience.found import EVERYONE, Found, sure
from pipelines.experience.regression import Fit, linear

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "expectation"
USUAL_ALPHA = 0.3
"""By which it is tested whether expectation matters at all; how fast it moves is estimated after."""
ALPHAS = np.round(np.arange(0.05, 1.0, 0.05), 2)
FEWEST = 300
"""Answers on cases of accounts that had a case before."""
STEP = 0.02
Float = npt.NDArray[np.float64]


def expectation(data: ExperienceData) -> list[Found]:
    """Return what a response better than expected adds to the score after it, and how fast expectation moves.

    Expectation E moves with each case towards what came: E' = E + alpha (x - E), with x how prompt the response was
    (Bolton 1998, anchoring and adjustment); the score is then a x + b (x - E) + the account's usual. Alpha is the one
    that fits best (least squares), its interval by the derivative at it (Gauss-Newton, accounts as clusters). Of all
    accounts and of each segment; associated.
    """
    rows = answered_cases(data)
    found = _of_group(data, rows, EVERYONE, EVERYONE)
    for name in data.segmentations if len(rows) else ():
        for segment, own in rows.groupby(name, observed=True):
            found += _of_group(data, own.reset_index(drop=True), name, str(segment))
    return found


def expected(cases: pd.DataFrame, alpha: float) -> pd.Series:
    """Return what each account expected before each of its cases (account_id, prompt, in order); NaN before the first.

    >>> cases = pd.DataFrame({"account_id": ["a"] * 3, "prompt": [0.0, 1.0, 1.0]})
    >>> expected(cases, 0.5).tolist()
    [nan, 0.0, 0.5]
    """
    moved = cases.groupby("account_id")["prompt"].ewm(alpha=alpha, adjust=False).mean()
    after: pd.Series = moved.reset_index(level=0, drop=True).sort_index()
    return after.groupby(cases["account_id"]).shift()


def _of_group(data: ExperienceData, rows: pd.DataFrame, group_by: str, group: str) -> list[Found]:
    rows = rows[rows["order"] > 0] if len(rows) else rows
    if len(rows) < FEWEST:
        why = f"{len(rows)} answers on a case of accounts that had one before; {FEWEST} are needed"
        return [Found.refused(TOPIC, figure, why, group_by, group) for figure in ("gap", "alpha")]
    fit = _Fit(rows, prompt_cases(data))
    return list(_told(fit, group_by, group))


def _told(fit: _Fit, group_by: str, group: str) -> Iterator[Found]:
    of: dict[str, Any] = {"group_by": group_by, "group": group, "n": len(fit.rows)}
    of["n_accounts"] = fit.rows["account_id"].nunique()
    gap = fit.gap(USUAL_ALPHA)
    is_found = sure(gap.low, gap.high) > 0
    unit = "standard deviations of score for a response e times as prompt as expected"
    said = "the same response pleases less where a better one is usual" if is_found else "what is usual may not matter"
    yield Found(TOPIC, "gap", gap.value, gap.low, gap.high, unit, "associated",
                verdict="found" if is_found else "cannot tell", sentence=said, **of)  # fmt: skip
    if not is_found:
        yield Found(TOPIC, "alpha", np.nan, unit="share of each surprise", verdict="cannot tell",
                    sentence="where what is usual may not matter, how fast it moves cannot be told", **of)  # fmt: skip
        return
    alpha, low, high = fit.alpha()
    halved = np.log(0.5) / np.log(max(1 - alpha, 1e-9))
    said = f"after {max(halved, 0.0):.1f} further cases half of a lasting change is taken for granted"
    yield Found(TOPIC, "alpha", alpha, low, high, "share of each surprise", "associated", sentence=said, **of)


class _Fit:
    """Scores on promptness and expectation, each account's usual promptness held equal."""

    def __init__(self, rows: pd.DataFrame, cases: pd.DataFrame) -> None:
        own = cases[cases["account_id"].isin(rows["account_id"])].reset_index(drop=True)
        self.rows, self.cases = rows.reset_index(drop=True), own
        keys = pd.MultiIndex.from_frame(own[["account_id", "order"]])
        self.places = keys.get_indexer(pd.MultiIndex.from_frame(self.rows[["account_id", "order"]]))
        usual = own.groupby("account_id")["prompt"].mean()
        self.usual = self.rows["account_id"].map(usual).to_numpy(dtype=float)

    def expected(self, alpha: float) -> Float:
        return np.asarray(expected(self.cases, alpha).to_numpy(dtype=float)[self.places])

    def design(self, alpha: float) -> pd.DataFrame:
        prompt = self.rows["prompt"].to_numpy(dtype=float)
        columns = {"constant": 1.0, "prompt": prompt, "expected": self.expected(alpha), "usual": self.usual}
        return pd.DataFrame(columns, index=self.rows.index)

    def gap(self, alpha: float) -> Fit:
        """What the gap adds: minus the coefficient of the expectation."""
        fitted = linear(self.rows["score"], self.design(alpha), self.rows["account_id"])
        return fitted.combined({"expected": -1.0})

    def alpha(self) -> tuple[float, float, float]:
        """The best alpha (parabola through the best of a grid) and its interval, both within 0 to 1."""
        errors = np.array([self._squares(alpha) for alpha in ALPHAS])
        best = int(np.clip(errors.argmin(), 1, len(ALPHAS) - 2))
        left, middle, right = errors[best - 1 : best + 2]
        bend = left - 2 * middle + right
        shift = 0.5 * (left - right) / bend if bend > 0 else 0.0
        alpha = float(np.clip(ALPHAS[best] + 0.05 * np.clip(shift, -1, 1), STEP, 1 - STEP))
        X = self.design(alpha)
        slope = linear(self.rows["score"], X, self.rows["account_id"]).of("expected").value
        turned = slope * (self.expected(alpha + STEP / 2) - self.expected(alpha - STEP / 2)) / STEP
        error = linear(self.rows["score"], X.assign(alpha=turned), self.rows["account_id"]).of("alpha").error
        half = reach(error, self.rows["account_id"].nunique())
        return alpha, max(alpha - half, 0.0), min(alpha + half, 1.0)

    def _squares(self, alpha: float) -> float:
        X, y = self.design(alpha).to_numpy(dtype=float), self.rows["score"].to_numpy(dtype=float)
        left = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        return float(left @ left)
