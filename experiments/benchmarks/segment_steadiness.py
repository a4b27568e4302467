"""Whether segments stay what they are: ids after a retrain, and halves of real answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.report import Figure
from experiments.benchmarks.segment_sets import KnownSet, features_of, published
from features.feature import Feature
from pipelines.segmentation import Segmentation, Wish, fit_segmentations
from pipelines.segmentation.fitting import prepared
from pipelines.segmentation.profile import profiles
from pipelines.segmentation.segmentation import most_probable

KEPT = 0.9
"""Of the accounts of either training: the share that is in both."""
HALVINGS = 20


def steadiness(data: Path, pool: Executor, *, quick: bool) -> Iterator[Figure]:
    """Yield how many accounts keep their id, and how well halves of a survey agree."""
    sets = [one for one in published(data) if one.n_segments > 1 and not (quick and not one.name.endswith("-0"))]
    kept = list(pool.map(_kept_ids, sets))
    yield Figure("ids_kept", float(np.mean(kept)), f"share of accounts, mean over {len(sets)} retrains", ">= 0.97")
    yield Figure("ids_kept.least", float(np.min(kept)), f"share of accounts, least of {len(sets)} retrains")
    yield from _boats(data, pool, 2 if quick else HALVINGS)


def _kept_ids(one: KnownSet) -> float:
    """The share of accounts with the same id after a retrain on other accounts, nine in ten of them the same."""
    n = len(one.rows)
    order = np.random.default_rng(11).permutation(n)
    gone = round(n * (1 - KEPT) / (2 - KEPT))
    first, later = (one.rows.iloc[np.sort(part)].reset_index(drop=True) for part in (order[gone:], order[:-gone]))
    features = features_of(one.basis)
    champion = fit_segmentations(first, features, seed=0)
    found = fit_segmentations(later, features, champion=champion, seed=1)
    before, after = _ids(champion[one.basis], later), _ids(found[one.basis], later)
    return float(np.mean(before == after))


def _ids(segmentation: Segmentation, rows: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.str_]]:
    ids = [segment.id for segment in segmentation.segments]
    return np.array([*ids, "unknown"])[most_probable(segmentation.membership(rows))]


def _boats(data: Path, pool: Executor, n_halvings: int) -> Iterator[Figure]:
    """What is found in 29 attitudes of 2,813 boat owners, and whether halves of them find the same."""
    rows = boats(data)
    features = _attitudes(rows)
    needs = fit_segmentations(rows, features, seed=0)["needs"]
    k = len(needs.segments)
    yield Figure("boats.segments", k, f"of {len(rows):,} people, 29 attitudes")
    for tried in needs.evidence:
        yield Figure(f"boats.{tried.n_segments}.BIC", tried.criterion, "lower is better")
        if tried.stability is not None:
            yield Figure(f"boats.{tried.n_segments}.stability", tried.stability, "adjusted Rand index in refits")
    columns = {str(name): rows[name] for name in rows}
    for profile in profiles(needs, columns, features, list(prepared(columns, features, seed=0).values()), []):
        share = next(one.share for one in needs.segments if one.id == profile.id)
        yield Figure(f"boats.{profile.id}.share", share, "share of people")
        for trait in profile.traits[:3]:
            about = f"standard deviations from all ({trait.low:.2f} to {trait.high:.2f}), n = {trait.n}"
            yield Figure(f"boats.{profile.id}.{trait.feature}", trait.effect, about)
    agreed = list(pool.map(_agreement, [rows] * n_halvings, [k] * n_halvings, range(n_halvings)))
    about = f"adjusted Rand index, of {n_halvings} halvings"
    yield Figure("boats.halves_agree", float(np.median(agreed)), f"{about} the median", ">= 0.8")
    yield Figure("boats.halves_agree.mean", float(np.mean(agreed)), f"{about} the mean")


def boats(data: Path) -> pd.DataFrame:
    """Return the attitudes as items of needs, with an account_id."""
    given = pd.read_csv(data / "insead_boats" / "Boats.csv")
    rows = given[[f"Q1.{item}" for item in range(1, 30)]].astype(float)
    rows.columns = pd.Index([f"need_q{item}" for item in range(1, 30)])
    return rows.assign(account_id=given["RESPID"].astype(str))


def _attitudes(rows: pd.DataFrame) -> Sequence[Feature]:
    items = [str(name) for name in rows if name != "account_id"]
    return [Feature(item, "experience", "context", "score", item) for item in items]


def _agreement(rows: pd.DataFrame, k: int, seed: int) -> float:
    """How far the segments of one half are those of the other, all people assigned by both."""
    from sklearn.metrics import adjusted_rand_score

    order = np.random.default_rng(seed).permutation(len(rows))
    halves = np.sort(order[: len(rows) // 2]), np.sort(order[len(rows) // 2 :])
    found = [_half(rows.iloc[half].reset_index(drop=True), k, seed) for half in halves]
    one, other = (most_probable(half.membership(rows)) for half in found)
    return float(adjusted_rand_score(one, other))


def _half(rows: pd.DataFrame, k: int, seed: int) -> Segmentation:
    return fit_segmentations(rows, _attitudes(rows), wishes={"needs": Wish(number=k)}, seed=seed)["needs"]
