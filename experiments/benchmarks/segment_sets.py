"""Sets of accounts whose segments are known: those of `segments_truth`, and others drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.feature import Feature

Ints = npt.NDArray[np.int64]
BASES = ("firmographic", "behavioural", "needs")
FIRMOGRAPHIC = ("emp", "rev")
CATEGORIES = ("industry", "region", "public", "owner_led")
BEHAVIOURAL = ("recency", "freq", "spend", "features", "tickets")
ITEMS = tuple(f"need_q{item}" for item in range(10))


@dataclass(frozen=True)
class KnownSet:
    """Accounts with their true segments.

    `rows` has the features as columns, `truth` (n,) the segment of each row, one and the same where there is no
    structure.
    """

    name: str
    basis: str
    rows: pd.DataFrame
    truth: Ints

    @property
    def n_segments(self) -> int:
        """How many segments there are, 1 where there is no structure."""
        return len(np.unique(self.truth))


def features_of(basis: str) -> tuple[Feature, ...]:
    """Return the declarations of a basis' columns."""
    if basis == "firmographic":
        numbers = (Feature(name, "firmographic", "context", "employees", name) for name in FIRMOGRAPHIC)
        texts = (Feature(name, "firmographic", "context", "category", name, "category") for name in CATEGORIES)
        return (*numbers, *texts)
    if basis == "behavioural":
        return tuple(Feature(name, "behaviour", "behaviour", "count", name) for name in BEHAVIOURAL)
    return tuple(Feature(name, "experience", "context", "score", name) for name in ITEMS)


def published(data: Path) -> Iterator[KnownSet]:
    """Yield the sets of `segments_truth`, one a seed and kind."""
    for file in sorted((data / "segments_truth").glob("*.parquet")):
        for seed, rows in pd.read_parquet(file).groupby("seed"):
            basis = file.stem.split("_")[0]
            told = rows.drop(columns=["seed", "truth"]).reset_index(drop=True)
            if basis == "needs":
                told = told.add_prefix("need_")
            told = told.astype({name: "str" for name in CATEGORIES if name in told})
            yield KnownSet(f"{file.stem}-{seed}", basis, told, rows["truth"].to_numpy(dtype=np.int64))


def drawn(n_sets: int, n_rows: int = 3000) -> Iterator[KnownSet]:
    """Yield sets of two to six segments, and as many without structure, the three bases in turn."""
    for seed in range(n_sets):
        basis, rng = BASES[seed % 3], np.random.default_rng(1000 + seed)
        for k in (int(rng.integers(2, 7)), 1):
            kind = "drawn" if k > 1 else "drawn_none"
            truth = rng.choice(k, n_rows, p=_shares(k, rng))
            yield KnownSet(f"{basis}_{kind}-{seed}", basis, _DRAWN[basis](truth, k, rng), truth)


def _shares(k: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Shares of segments, none below an eighth of an even one."""
    shares = np.asarray(rng.dirichlet(np.full(k, 8.0)) + 0.25 / k)
    return np.asarray(shares / shares.sum())


def _firmographic(truth: Ints, k: int, rng: np.random.Generator) -> pd.DataFrame:
    """Sizes about as far apart as local firms and corporations are, each with industries of its own."""
    levels = np.linspace(2.5, 2.5 + 1.6 * (k - 1), k)
    common = rng.standard_normal(len(truth))
    employees = np.exp(levels[truth] + 0.5 * rng.standard_normal(len(truth)) + 0.2 * common)
    per_head = np.exp(rng.permutation(np.linspace(-0.8, 0.8, k))[truth] + 0.3 * rng.standard_normal(len(truth)))
    columns = {"emp": np.round(employees) + 1, "rev": employees * per_head * 100}
    for name, n_levels in (("industry", max(k, 4)), ("region", 4), ("public", 2), ("owner_led", 2)):
        own = 0.75 if name == "industry" else 0.6
        favourite = rng.permutation(n_levels)[np.arange(k) % n_levels]
        is_own = rng.random(len(truth)) < (own if k > 1 else 0.0)
        columns[name] = np.where(is_own, favourite[truth], rng.integers(n_levels, size=len(truth))).astype(str)
    return pd.DataFrame(columns)


def _behavioural(truth: Ints, k: int, rng: np.random.Generator) -> pd.DataFrame:
    """Counts and amounts, skewed, each segment's logarithms about a centre of its own."""
    centres = _apart(k, len(BEHAVIOURAL), 1.6, rng)
    common = 0.35 * rng.standard_normal((len(truth), 1))
    logs = centres[truth] + 0.55 * rng.standard_normal((len(truth), len(BEHAVIOURAL))) + common
    values = np.exp(logs + np.array([3.0, 2.5, 5.5, 1.6, 1.2]))
    is_count = np.array([True, True, False, True, True])
    return pd.DataFrame(np.where(is_count, np.floor(values), values), columns=list(BEHAVIOURAL))


def _needs(truth: Ints, k: int, rng: np.random.Generator) -> pd.DataFrame:
    """Answers from 1 to 5, some missing, on half of the sets with a level of each person's own."""
    centres = 3.0 + _apart(k, len(ITEMS), 2.4, rng)
    style = rng.random() < 0.5
    level = 0.6 * style * rng.standard_normal((len(truth), 1))
    answers = centres[truth] + level + 0.8 * rng.standard_normal((len(truth), len(ITEMS)))
    answers = np.clip(np.round(answers), 1, 5)
    answers[rng.random(answers.shape) < 0.1] = np.nan
    return pd.DataFrame(answers, columns=list(ITEMS))


def _apart(k: int, d: int, least: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Centres (k, d) about 0 of which no two lie nearer than so far; a single one is 0."""
    if k == 1:
        return np.zeros((1, d))
    while True:
        centres = rng.normal(0, 0.5 * least, (k, d))
        distances = np.linalg.norm(centres[:, None] - centres[None], axis=2) + np.eye(k) * 1e9
        if distances.min() >= least:
            return np.asarray(centres - centres.mean(axis=0))


_DRAWN = {"firmographic": _firmographic, "behavioural": _behavioural, "needs": _needs}
