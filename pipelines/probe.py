"""A probe: made-up accounts, and what a release says of them where it is made, to be compared where it is to serve."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import ReleaseError
from pipelines.churn.calibration import probability
from pipelines.churn.encoder import Columns, FloatArray
from pipelines.churn.model import ChurnModel
from pipelines.churn.uncertainty import Uncertainty

PROBE = "probe.json"
ROWS = 16
SCALES = (-1.0, 0.0, 0.5, 1.0, 2.0, 10.0)
"""What a usual number is multiplied by."""

Row = Mapping[str, float | str | None]


@dataclass(frozen=True)
class Probe:
    """Rows of nobody, so that a release carries no account, and what the release says of them.

    Attributes
    ----------
    rows
        Feature values by name; one that is left out is not known.
    log_odds, low, high
        Calibrated log-odds of churn, and the ends of the 90 % interval of its probability.
    """

    rows: tuple[Row, ...]
    log_odds: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of(cls, churn: ChurnModel, uncertainty: Uncertainty, *, seed: int = 0) -> Probe:
        """Return a probe of a model: one account of which nothing is known, and others with more or less known."""
        rng = np.random.default_rng(seed)
        rows = ({}, *(_row(churn, rng) for _ in range(ROWS - 1)))
        log_odds, low, high = said(churn, uncertainty, columns_of(churn, rows))
        return cls(rows, tuple(log_odds.tolist()), tuple(low.tolist()), tuple(high.tolist()))

    def save(self, folder: Path) -> None:
        """Write the probe into an existing folder."""
        (folder / PROBE).write_text(json.dumps(asdict(self), indent=1, allow_nan=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Probe:
        """Return the probe that `save` wrote.

        Raises
        ------
        ReleaseError
            When it is absent or cannot be read.
        """
        try:
            plain = json.loads((folder / PROBE).read_text("utf-8"))
            return cls(**{name: tuple(plain[name]) for name in ("rows", "log_odds", "low", "high")})
        except (OSError, ValueError, KeyError, TypeError) as problem:
            came = f"a probe that cannot be read ({problem})"
            raise ReleaseError.of(came, "the file that training wrote", "train again") from problem


def said(churn: ChurnModel, uncertainty: Uncertainty, columns: Columns) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (n,) log-odds, and lower and upper ends of the interval, of rows."""
    log_odds = churn.log_odds(columns)
    interval = uncertainty.interval(churn.encoder.transform(columns), probability(log_odds))
    return log_odds, interval.low, interval.high


def columns_of(churn: ChurnModel, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the rows as the columns that the model reads."""
    return {
        feature.name: np.array([row.get(feature.name) for row in rows], dtype=object)
        for feature in churn.encoder.features
    }


def _row(churn: ChurnModel, rng: np.random.Generator) -> Row:
    share_known = rng.random()
    return {
        feature.name: _level(churn, feature.name, rng)
        if feature.kind == "category"
        else _number(churn, feature.name, rng)
        for feature in churn.encoder.features
        if rng.random() < share_known
    }


def _level(churn: ChurnModel, name: str, rng: np.random.Generator) -> str | None:
    levels = churn.encoder.levels[name]
    return str(rng.choice(levels)) if levels else None


def _number(churn: ChurnModel, name: str, rng: np.random.Generator) -> float:
    usual = churn.usual[name]
    return float(rng.choice(SCALES)) * (float(usual) if isinstance(usual, int | float) and usual else 1.0)
