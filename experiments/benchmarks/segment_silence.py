"""What is said of accounts that never answered, beside what they would have said."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.report import Figure
from features.feature import Feature
from pipelines.segmentation import Wish, fit_segmentations
from pipelines.segmentation.segmentation import most_probable
from pipelines.segmentation.unanswered import look_at_unanswered

N, SETS = 3000, 10
STRENGTHS = {"none": 0.0, "some": 0.5, "strong": 1.0}
ITEMS = tuple(f"need_{item}" for item in range(6))
FEATURES = (
    Feature("seats", "firmographic", "context", "seats", "Seats"),
    Feature("industry", "firmographic", "context", "category", "Industry", "category"),
    Feature("usage_90d", "behaviour", "behaviour", "count", "Use, last 90 days"),
    *(Feature(item, "experience", "context", "score", item) for item in ITEMS),
)
PROFILES = np.array([[5, 5, 3, 3, 2, 2], [2, 2, 5, 5, 3, 3], [3, 3, 2, 2, 5, 5]])


def silence(pool: Executor, *, quick: bool) -> Iterator[Figure]:
    """Yield log loss and AUC on the silent, by how much what is known tells of needs, and corrected shares."""
    n_sets = 2 if quick else SETS
    for name, strength in STRENGTHS.items():
        found = pd.DataFrame(pool.map(_looked_into, [strength] * n_sets, range(n_sets)))
        yield from _of_strength(name, found, expects=strength > 0)


def _of_strength(name: str, found: pd.DataFrame, *, expects: bool) -> Iterator[Figure]:
    about = f"mean over {len(found)} sets, needs told by what is known: {name}"
    predicted = found[found["predicted"]]
    bar = ">= 0.9"
    told = predicted if expects else found[~found["predicted"]]
    what = "predicted" if expects else "left unknown"
    yield Figure(f"silent.{name}.{what.replace(' ', '_')}", len(told) / len(found), f"share of {len(found)} sets", bar)
    if len(predicted) and expects:
        loss, of_shares = predicted["true log loss"].mean(), predicted["log loss of shares"].mean()
        yield Figure(f"silent.{name}.log_loss", float(loss), f"nats, {about}")
        yield Figure(f"silent.{name}.log_loss_of_shares", float(of_shares), f"nats, {about}")
        yield Figure(f"silent.{name}.log_loss_below_shares", float(loss - of_shares), f"nats, {about}", "< 0")
        yield Figure(f"silent.{name}.AUC", float(predicted["true AUC"].mean()), f"0.5 by guessing, {about}")
        off = float((predicted["told AUC"] - predicted["true AUC"]).abs().mean())
        yield Figure(f"silent.{name}.AUC_told_off_by", off, f"absolute, {about}")
    yield Figure(f"silent.{name}.share_corrected_off_by", float(found["corrected off"].mean()), f"absolute, {about}")
    yield Figure(f"silent.{name}.share_of_answers_off_by", float(found["answered off"].mean()), f"absolute, {about}")
    covered = float(found["covered"].mean())
    yield Figure(f"silent.{name}.share_interval_covers", covered, f"share of intervals, {about}")
    yield Figure(f"silent.{name}.bounds_hold", float(found["held"].mean()), f"share of bounds, {about}", ">= 1")


def _looked_into(strength: float, seed: int) -> dict[str, Any]:
    from sklearn.metrics import log_loss, roc_auc_score

    rows, need = company(strength, seed)
    # how many there are is looked into elsewhere
    needs = fit_segmentations(rows, FEATURES, wishes={"needs": Wish(number=3)}, seed=0)["needs"]
    columns = {str(name): rows[name] for name in rows}
    found, inference = look_at_unanswered(needs, columns, FEATURES, least_auc=0.6, seed=0)
    placed = replace(needs, inference=inference).placement(columns)
    told = most_probable(needs.membership(columns))
    # which true need each segment is: that of most of those that answered
    truth = np.array([np.bincount(need[told == place], minlength=3).argmax() for place in range(len(needs.segments))])
    if found is None or len(set(truth)) != 3:
        raise RuntimeError(f"the needs of set {seed} were not found, so that nothing can be said of the silent")
    shares = np.bincount(need, minlength=3)[truth] / len(need)
    beside = list(zip(found.shares, shares, strict=True))
    said: dict[str, Any] = {
        "predicted": inference is not None,
        "covered": np.mean([one.low <= share <= one.high for one, share in beside]),
        "held": np.mean([one.at_least <= share <= one.at_most for one, share in beside]),
        "corrected off": np.mean([abs(one.corrected - share) for one, share in beside]),
        "answered off": np.mean([abs(one.answered - share) for one, share in beside]),
    }
    if inference is None or found.auc is None:
        return said
    own = np.argsort(truth)[need[placed.is_inferred]]
    prob = placed.membership[placed.is_inferred]
    return said | {
        "true log loss": log_loss(own, prob, labels=range(3)),
        "log loss of shares": log_loss(own, np.tile(shares, (len(own), 1)), labels=range(3)),
        "true AUC": np.mean([roc_auc_score(own == place, prob[:, place]) for place in range(3)]),
        "told AUC": found.auc.value,
    }


def company(strength: float, seed: int) -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.int64]]]:
    """Return accounts of three needs, and these: what is known tells so much of them; small accounts answer less."""
    rng = np.random.default_rng(seed)
    need = rng.choice(3, N, p=[0.45, 0.35, 0.2])
    seats = np.exp(rng.normal(2.5 + strength * np.array([0.0, 0.8, 1.6])[need], 0.8))
    industry = np.where(rng.random(N) < 0.6 * strength, need, rng.integers(3, size=N)).astype(str)
    usage = rng.poisson(np.exp(2.5 + strength * np.array([0.6, 0.0, 0.3])[need]))
    answers = np.clip(np.round(PROFILES[need] + rng.normal(0, 0.8, (N, 6))), 1, 5)
    answered = rng.random(N) < 1 / (1 + np.exp(-(np.log(seats) - 2.8)))
    rows = pd.DataFrame(np.where(answered[:, None], answers, np.nan), columns=list(ITEMS))
    return rows.assign(seats=seats, industry=industry, usage_90d=usage.astype(float)), need
