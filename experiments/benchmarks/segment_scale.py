"""How long segments take, and how much memory, for few accounts and for a million, with forty columns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.benchmarks.child import measured
from experiments.benchmarks.report import Figure
from experiments.benchmarks.segment_sets import BASES
from features.feature import Feature
from pipelines.segmentation import fit_segmentations

COLUMNS = 40
SIZES = (10_000, 100_000, 1_000_000)
QUICK = (10_000,)
GROUPS = 5
LEVELS = 6
MOST_SECONDS, MOST_GIGABYTES, FEWEST_A_SECOND = 120, 4, 200_000


def scale(*, quick: bool) -> Iterator[Figure]:
    """Yield seconds to fit, gigabytes and accounts assigned a second, by basis and number of accounts."""
    for size in QUICK if quick else SIZES:
        is_largest = size == SIZES[-1]
        for basis in BASES:
            ran = measured("experiments.benchmarks.segment_scale:one", basis, size)
            about = f"scale.{basis}.{size}_accounts"
            fit, assign = ran.answer["fit"], ran.answer["assign"]
            kept = f"seconds, {COLUMNS} columns, {ran.answer['segments']} segments"
            yield Figure(f"{about}.fit", fit, kept, f"<= {MOST_SECONDS}" if is_largest else None)
            yield Figure(f"{about}.memory", ran.gigabytes, "GB", f"<= {MOST_GIGABYTES}" if is_largest else None)
            a_second = f">= {FEWEST_A_SECOND}" if is_largest else None
            yield Figure(f"{about}.assigned", size / assign, "accounts a second", a_second)


def one(basis: str, n: int) -> dict[str, Any]:
    """Return the seconds that fitting and assigning took, and how many segments there were."""
    rows, features = _drawn(basis, n)
    start = time.perf_counter()
    found = fit_segmentations(rows, features, seed=0)[basis]
    fitted = time.perf_counter()
    found.membership({str(name): rows[name] for name in rows})
    return {
        "fit": fitted - start,
        "assign": time.perf_counter() - fitted,
        "segments": len(found.segments),
    }


def _drawn(basis: str, n: int) -> tuple[pd.DataFrame, tuple[Feature, ...]]:
    """Accounts of five kinds, in columns as the panel has them."""
    rng = np.random.default_rng(0)
    kind = rng.integers(GROUPS, size=n)
    if basis == "firmographic":
        categories = {f"category_{place}": _category(kind, rng) for place in range(COLUMNS // 4)}
        numbers = {f"number_{place}": _amount(kind, rng) for place in range(COLUMNS - len(categories))}
        return _declared("firmographic", "context", numbers, categories)
    if basis == "behavioural":
        counts = {f"count_{place}": _amount(kind, rng) for place in range(COLUMNS)}
        return _declared("behaviour", "behaviour", counts, {})
    return _declared("experience", "context", {f"need_{place}": _answer(kind, rng) for place in range(COLUMNS)}, {})


def _declared(
    family: Any, tier: Any, numbers: dict[str, Any], categories: dict[str, Any]
) -> tuple[pd.DataFrame, tuple[Feature, ...]]:
    told = [Feature(name, family, tier, "count", name) for name in numbers]
    told += [Feature(name, family, tier, "category", name, "category") for name in categories]
    return pd.DataFrame(numbers | categories, copy=False), tuple(told)


def _amount(kind: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    logs = rng.normal(3, 1, GROUPS).astype(np.float32)[kind] + rng.standard_normal(len(kind), dtype=np.float32)
    return np.asarray(np.exp(logs))


def _answer(kind: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    centres = rng.normal(3, 0.8, GROUPS).astype(np.float32)[kind]
    given = np.clip(np.round(centres + rng.standard_normal(len(kind), dtype=np.float32)), 1, 5)
    given[rng.random(len(kind), dtype=np.float32) < 0.15] = np.nan
    return np.asarray(given, dtype=np.float32)


def _category(kind: npt.NDArray[np.int64], rng: np.random.Generator) -> Any:
    own = rng.integers(LEVELS, size=GROUPS)[kind]
    codes = np.where(rng.random(len(kind), dtype=np.float32) < 0.5, own, rng.integers(LEVELS, size=len(kind)))
    levels = pd.Index([f"level {place}" for place in range(LEVELS)])
    return pd.Categorical.from_codes(codes.astype(np.int64), levels)
