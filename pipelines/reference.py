"""The distributions of a release's features, against which drift is watched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.catalog import Feature


def reference(rows: pd.DataFrame, features: tuple[Feature, ...]) -> pd.DataFrame:
    """Return each feature's distribution when the release was made: missing share, deciles, or levels and shares."""
    return pd.DataFrame([_distribution(rows[feature.name], feature) for feature in features])


def _distribution(column: pd.Series, feature: Feature) -> dict[str, Any]:
    known = column.dropna().astype("float64" if feature.kind == "number" else "str")
    said: dict[str, Any] = {"feature": feature.name, "kind": feature.kind, "n": len(column)}
    said["missing_share"] = float(column.isna().mean()) if len(column) else 0.0
    is_number = feature.kind == "number"
    said["deciles"] = np.quantile(known, np.linspace(0, 1, 11)).tolist() if is_number and len(known) else []
    shares = known.value_counts(normalize=True) if not is_number else pd.Series(dtype=float)
    said["levels"] = [str(level) for level in shares.index]
    said["shares"] = shares.to_list()
    return said
