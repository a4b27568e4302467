"""The trained churn model: log-odds, probabilities, contributions, and its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import ReleaseError
from pipelines.churn.calibration import Calibration, probability
from pipelines.churn.encoder import Columns, Encoder, FloatArray, Matrix

FILES = ("model.txt", "encoder.json", "calibration.json", "usual.json")

SMALL_BATCH = 1_000

Usual = Mapping[str, float | str | None]


@dataclass(frozen=True)
class ChurnModel:
    """Trees, the encoder before them and the calibration after them.

    Attributes
    ----------
    booster
        A `lightgbm.Booster`.
    usual
        For every feature what is usual among the accounts it learnt from: the median, or the most frequent level.
    """

    booster: Any
    encoder: Encoder
    calibration: Calibration
    usual: Usual

    @classmethod
    def of_text(cls, text: str, encoder: Encoder, calibration: Calibration, usual: Usual) -> ChurnModel:
        """Return the model around LightGBM's own text.

        Raises
        ------
        ReleaseError
            When LightGBM cannot read the text, or it was made for another number of features.
        """
        import lightgbm

        try:
            booster = lightgbm.Booster(model_str=text)
        except lightgbm.basic.LightGBMError as error:
            raise ReleaseError.of(
                f"a model that cannot be read ({error})", "LightGBM's text format", "train again"
            ) from error
        if booster.num_feature() != len(encoder.features):
            came, expected = f"a model of {booster.num_feature()} features", f"{len(encoder.features)}, as the encoder"
            raise ReleaseError.of(came, expected, "train again")
        return cls(booster, encoder, calibration, usual)

    @property
    def text(self) -> str:
        """The trees in LightGBM's own text format."""
        return str(self.booster.model_to_string())

    def log_odds(self, columns: Columns) -> FloatArray:
        """Return (n,) calibrated log-odds of churn within the horizon."""
        return self.calibration.apply(self.raw_log_odds(self.encoder.transform(columns)))

    def raw_log_odds(self, X: Matrix) -> FloatArray:
        """Return (n,) log-odds of encoded rows before calibration."""
        return self._predict(X, raw_score=True)

    def prob(self, columns: Columns) -> FloatArray:
        """Return (n,) calibrated probabilities of churn within the horizon, strictly between 0 and 1."""
        return probability(self.log_odds(columns))

    def contributions(self, columns: Columns) -> tuple[FloatArray, float]:
        """Return what each feature adds to the calibrated log-odds, (n, p), and the base they start from.

        These are SHAP values by the exact tree algorithm (Lundberg et al. 2020, "From local explanations to global
        understanding with explainable AI for trees"), scaled by the calibration's slope: row sums plus the base equal
        `log_odds`.
        """
        scaled = self.calibration.slope * self._predict(self.encoder.transform(columns), pred_contrib=True)
        base = self.calibration.intercept + (scaled[0, -1] if len(scaled) else 0.0)
        return scaled[:, :-1], float(base)

    def _predict(self, X: Matrix, **kind: bool) -> FloatArray:
        # For few rows, waking more threads costs more than they do; 0 is all there are.
        threads = 1 if len(X) < SMALL_BATCH else 0
        seen = self.encoder.as_trees_see(X)
        return np.asarray(self.booster.predict(seen, num_threads=threads, **kind), dtype=np.float64)

    def save(self, folder: Path) -> None:
        """Write `FILES` into an existing folder."""
        usual = json.dumps(dict(self.usual), ensure_ascii=False, indent=1)
        contents = (self.text, self.encoder.to_json(), self.calibration.to_json(), usual)
        for name, content in zip(FILES, contents, strict=True):
            (folder / name).write_text(content, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ChurnModel:
        """Return the model that `save` wrote.

        Raises
        ------
        ReleaseError
            When a file is absent or cannot be read.
        """
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise ReleaseError.of(f"a folder without {', '.join(missing)}", f"{', '.join(FILES)}", "train again")
        text, encoder, calibration, usual = ((folder / name).read_text(encoding="utf-8") for name in FILES)
        return cls.of_text(text, Encoder.from_json(encoder), Calibration.from_json(calibration), json.loads(usual))
