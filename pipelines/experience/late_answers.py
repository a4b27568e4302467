"""Answers that come late tell less of what they are about: how fast they age, and the score that allows for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.experience.answered_cases import answered_cases
from pipelines.experience.clustered import clustered_mean, reach
from pipelines.experience.found import Found, sure
from pipelines.experience.regression import linear

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "late answers"
HALF_LIVES = np.geomspace(0.5, 60, 25)
FEWEST = 300
STEP = 0.02
Float = npt.NDArray[np.float64]


def late_answers(data: ExperienceData) -> list[Found]:
    """Return after how many days an answer on a case tells half as much of it, and the score weighted by that.

    The score after a case is taken as a + b x 2^(-d/h), x how prompt the response was, d days from the case's end to
    the answer; h is the one that fits best (least squares), its interval by the derivative at its logarithm, accounts
    as clusters (associated). An answer then weighs 2^(-d/h). Where age is not shown to matter, all weigh alike.
    """
    rows = answered_cases(data)
    if len(rows) < FEWEST:
        why = f"{len(rows)} answers on a case; {FEWEST} are needed"
        return [Found.refused(TOPIC, figure, why) for figure in ("half-life", "weighted score")]
    half_life = _half_life(rows)
    return [half_life, _weighted(rows, half_life.value)]


def _half_life(rows: pd.DataFrame) -> Found:
    n_accounts, unit = rows["account_id"].nunique(), "days"
    prompt, lag = rows["prompt"] - rows["prompt"].mean(), rows["lag_days"]
    X = pd.DataFrame({"constant": 1.0, "prompt": prompt, "lag": lag, "faded": prompt * lag})
    told = linear(rows["score"], X, rows["account_id"])
    worth, faded = told.of("prompt"), told.of("faded")
    if sure(worth.low, worth.high) <= 0 or sure(faded.low, faded.high) >= 0:
        said = "late answers are not shown to tell less: all weigh alike"
        return Found(TOPIC, "half-life", np.nan, unit=unit, basis="associated", n=len(rows), n_accounts=n_accounts,
                     verdict="cannot tell", sentence=said)  # fmt: skip
    best, low, high = _best(rows)
    said = "after so long an answer tells half as much of what it is about"
    return Found(TOPIC, "half-life", best, low, high, unit, "associated", n=len(rows), n_accounts=n_accounts,
                 verdict="found", sentence=said)  # fmt: skip


def _best(rows: pd.DataFrame) -> tuple[float, float, float]:
    """The half-life that fits best (of a grid, refined by a parabola) and its interval, on the log scale."""
    logs = np.log(HALF_LIVES)
    errors = np.array([_squares(rows, half_life) for half_life in HALF_LIVES])
    place = int(np.clip(errors.argmin(), 1, len(logs) - 2))
    left, middle, right = errors[place - 1 : place + 2]
    bend = left - 2 * middle + right
    shift = float(np.clip(0.5 * (left - right) / bend, -1, 1)) if bend > 0 else 0.0
    best = float(logs[place] + shift * (logs[1] - logs[0]))
    X = _design(rows, np.exp(best))
    worth = linear(rows["score"], X, rows["account_id"]).of("told").value
    turned = worth * (_design(rows, np.exp(best + STEP))["told"] - _design(rows, np.exp(best - STEP))["told"])
    error = linear(rows["score"], X.assign(turned=turned / (2 * STEP)), rows["account_id"]).of("turned").error
    half = reach(error, rows["account_id"].nunique())
    low, value, high = (float(np.exp(one)) for one in (best - half, best, best + half))
    return value, low, high


def _design(rows: pd.DataFrame, half_life: float) -> pd.DataFrame:
    kept = np.power(2.0, -rows["lag_days"] / half_life)
    prompt = rows["prompt"] - rows["prompt"].mean()
    return pd.DataFrame({"constant": 1.0, "told": prompt * kept, "lag": rows["lag_days"]})


def _squares(rows: pd.DataFrame, half_life: float) -> float:
    X, y = _design(rows, half_life).to_numpy(dtype=float), rows["score"].to_numpy(dtype=float)
    left = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    return float(left @ left)


def _weighted(rows: pd.DataFrame, half_life: float) -> Found:
    lag = rows["lag_days"].to_numpy(dtype=float)
    weights: Float = np.ones(len(rows)) if np.isnan(half_life) else np.power(2.0, -lag / half_life)
    told = clustered_mean(rows["value"], rows["account_id"], weights)
    plain, effective = float(rows["value"].mean()), float(weights.sum() ** 2 / (weights**2).sum())
    said = f"{plain:.1f} where all weigh alike; as many as {effective:.0f} answers are left"
    return Found(TOPIC, "weighted score", told.value, told.low, told.high, "in the metric's unit", "counted",
                 n=len(rows), n_accounts=told.n_accounts, sentence=said)  # fmt: skip
