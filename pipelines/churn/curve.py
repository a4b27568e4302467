"""The retention curve: how likely an account is to stay for how long, and in which way it leaves if it does.

A discrete-time hazard model (Singer and Willett 1993, "It's About Time"): for every period of 30 days after an as-of
date, the probability of leaving in it, given that the account has stayed so far.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import ReleaseError
from pipelines.churn.calibration import Calibration, probability
from pipelines.churn.encoder import Columns, Encoder, FloatArray, Matrix
from pipelines.churn.model import SMALL_BATCH
from pipelines.churn.ways import Ways

TEXT, SAID = "curve.txt", "curve.json"
PERIOD_DAYS = 30
ROWS_AT_ONCE = 2_000


@dataclass(frozen=True)
class RetentionCurve:
    """Hazards by period of 30 days.

    Attributes
    ----------
    booster
        A `lightgbm.Booster` of encoded features and, in the last column, the number of the period, from 0.
    encoder
        The churn model's.
    n_periods
        How far the curve goes: beyond it too few accounts were followed.
    n_accounts, n_left
        What it was learnt from: accounts, and those of them that left.
    ways
        Which way those leave who leave.
    """

    booster: Any
    encoder: Encoder
    calibration: Calibration
    n_periods: int
    n_accounts: int
    n_left: int
    ways: Ways

    @property
    def days(self) -> FloatArray:
        """Days after the as-of date at which the curve has a value."""
        return np.asarray(np.arange(1, self.n_periods + 1) * PERIOD_DAYS, dtype=np.float64)

    def hazards(self, X: Matrix, n_periods: int | None = None) -> FloatArray:
        """Return (n, n_periods) the probability of leaving in a period, given that the account stayed until then."""
        n = n_periods or self.n_periods
        parts = [self._hazards(X[at : at + ROWS_AT_ONCE], n) for at in range(0, len(X), ROWS_AT_ONCE)]
        return np.concatenate([np.zeros((0, n)), *parts])

    def _hazards(self, X: Matrix, n: int) -> FloatArray:
        asked = with_period(np.repeat(X, n, axis=0), np.tile(np.arange(n), len(X)))
        threads = 1 if len(asked) < SMALL_BATCH else 0
        raw = np.asarray(self.booster.predict(asked, raw_score=True, num_threads=threads), dtype=np.float64)
        return probability(self.calibration.apply(raw)).reshape(len(X), n)

    def stayed(
        self, columns: Columns, churn_prob: FloatArray, horizon_days: int, *, until_days: int | None = None
    ) -> FloatArray:
        """Return (n, periods) the probability of having stayed to the end of each period; all, or as far as asked for.

        It falls from period to period and, at the horizon, is what the churn model says, 1 - churn_prob: hazards up to
        there are scaled in proportion, those beyond are as they were learnt.
        """
        furthest = None if until_days is None else -(-max(horizon_days, until_days) // PERIOD_DAYS)
        n = None if furthest is None else min(furthest, self.n_periods)
        return anchored(self.hazards(self.encoder.transform(columns), n), churn_prob, horizon_days)

    def way_probs(self, columns: Columns, stayed: FloatArray, horizon_days: int) -> dict[str, FloatArray]:
        """Return (n,) by way the probability of leaving in it within the horizon; over the ways they add up to all."""
        X = self.encoder.transform(columns)
        left = np.diff(1 - np.stack([at_days(stayed, days) for days in _edges(horizon_days)], axis=1), axis=1)
        n = left.shape[1]
        asked = with_period(np.repeat(X, n, axis=0), np.tile(np.arange(n), len(X)))
        shares = self.ways.shares(asked).reshape(len(X), n, -1)
        found = (left[:, :, None] * shares).sum(axis=1)
        return {name: found[:, i] for i, name in enumerate(self.ways.names)}

    def save(self, folder: Path) -> None:
        """Write the curve's files into an existing folder."""
        said = {
            "n_periods": self.n_periods,
            "n_accounts": self.n_accounts,
            "n_left": self.n_left,
            "calibration": json.loads(self.calibration.to_json()),
            "ways": self.ways.to_json(),
        }
        (folder / TEXT).write_text(str(self.booster.model_to_string()), encoding="utf-8")
        (folder / SAID).write_text(json.dumps(said, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, encoder: Encoder) -> RetentionCurve | None:
        """Return the curve that `save` wrote; None where there is none.

        Raises
        ------
        ReleaseError
            When it cannot be read.
        """
        if not (folder / SAID).is_file():
            return None
        import lightgbm

        try:
            said = json.loads((folder / SAID).read_text("utf-8"))
            return cls(
                lightgbm.Booster(model_str=(folder / TEXT).read_text("utf-8")),
                encoder,
                Calibration.from_json(json.dumps(said["calibration"])),
                int(said["n_periods"]),
                int(said["n_accounts"]),
                int(said["n_left"]),
                Ways.from_json(said["ways"]),
            )
        except (OSError, ValueError, KeyError, TypeError, lightgbm.basic.LightGBMError) as problem:
            came = f"a retention curve that cannot be read ({problem})"
            raise ReleaseError.of(came, "the files that training wrote", "train again") from problem


def with_period(X: Matrix, period: Any) -> Matrix:
    """Return encoded rows with the number of a period in one more column."""
    return np.column_stack([X, np.asarray(period, dtype=X.dtype)])


def anchored(hazards: FloatArray, churn_prob: FloatArray, horizon_days: int) -> FloatArray:
    """Return (n, periods) the probability of having stayed, made to be 1 - churn_prob at the horizon.

    In every period that begins before the horizon the hazard is multiplied by one number an account.

    >>> stayed = anchored(np.array([[0.1, 0.1, 0.1, 0.1]]), np.array([0.5]), 90)
    >>> stayed.round(3).tolist()
    [[0.794, 0.63, 0.5, 0.45]]
    """
    cumulative = np.cumsum(-np.log1p(-hazards), axis=1)
    last = -(-horizon_days // PERIOD_DAYS)
    scale = np.log1p(-churn_prob) / np.log(at_days(np.exp(-cumulative), horizon_days))
    scaled = cumulative * scale[:, None]
    beyond = scaled[:, [last - 1]] + cumulative[:, last:] - cumulative[:, [last - 1]]
    return np.asarray(np.exp(-np.concatenate([scaled[:, :last], beyond], axis=1)))


def at_days(stayed: FloatArray, days: float) -> FloatArray:
    """Return (n,) the probability of having stayed so many days, with a constant hazard inside a period.

    >>> at_days(np.array([[0.9, 0.81]]), 45).round(4).tolist()
    [0.8538]

    NaN beyond the curve's end.
    """
    place = days / PERIOD_DAYS
    whole = int(place)
    if place > stayed.shape[1]:
        return np.full(len(stayed), np.nan)
    logs = np.concatenate([np.zeros((len(stayed), 1)), np.log(stayed)], axis=1)
    after = logs[:, min(whole + 1, stayed.shape[1])]
    return np.asarray(np.exp(logs[:, whole] + (place - whole) * (after - logs[:, whole])))


def _edges(horizon_days: int) -> list[float]:
    return [*(float(day) for day in range(0, horizon_days, PERIOD_DAYS)), float(horizon_days)]
