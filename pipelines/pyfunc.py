"""The release as an MLflow pyfunc: what `mlflow models serve` and `spark_udf` load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.release import Release, read_release

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PyfuncRelease:
    """A release with the interface that MLflow asks for."""

    release: Release

    def predict(self, rows: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return churn_prob (0 to 1, predicted) and tier for rows of features; absent columns are missing."""
        import pandas as pd

        churn_prob = self.release.churn.prob({name: rows[name] for name in rows.columns})
        tiers = [self.release.tier(prob) for prob in churn_prob]
        return pd.DataFrame({"churn_prob": churn_prob, "tier": tiers}, index=rows.index)


def _load_pyfunc(path: str) -> PyfuncRelease:
    """Return the release of MLflow's `data` folder; MLflow calls it by this name."""
    manifest = next(Path(path).glob("**/manifest.json"), Path(path) / "manifest.json")
    return PyfuncRelease(read_release(manifest.parent))
