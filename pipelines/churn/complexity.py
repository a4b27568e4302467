"""How large the trees may be, and whether they keep to known directions: found by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.churn.boosting import BinnedFolds, TrainingSet, boost_folds, parameters
from pipelines.churn.bootstrap import clustered_mean
from pipelines.churn.calibration import probability
from pipelines.churn.encoder import FloatArray
from pipelines.churn.metrics import log_losses
from pipelines.churn.population import prior_correction, row_weights
from pipelines.churn.splits import Fold

Progress = Callable[[str], None]

LADDER = (2, 4, 8, 16, 31, 63)
STEPS_WITHOUT_GAIN = 2


@dataclass(frozen=True)
class Rung:
    """One size of tree: how many of them do best, and their mean log loss on held-out rows (of the population).

    `is_monotone`: they never say the opposite of what is known of a feature's direction.
    """

    leaves: int
    trees: int
    log_loss: float
    is_monotone: bool = False


@dataclass(frozen=True)
class Search:
    """What was tried and what was chosen.

    Attributes
    ----------
    rungs
        In the order they were tried.
    chosen
        The smallest that is as good as the best, up to noise.
    log_odds
        (n,) raw log-odds by models of the chosen size that had not seen the row, among rows as they were kept; NaN for
        rows that no fold held out.
    """

    rungs: tuple[Rung, ...]
    chosen: Rung
    log_odds: FloatArray


def choose_complexity(
    data: TrainingSet, folds: Sequence[Fold], *, seed: int, progress: Progress | None = None
) -> Search:
    """Return the search for the number of leaves, and of trees.

    A larger size replaces a smaller one only when its held-out log loss is lower by more than one standard error of the
    paired difference, accounts being the units: a smaller model is told in steadier reasons, and explained faster. The
    climb ends after two sizes in a row that do not lower the loss at all. At the size chosen, trees that keep to the
    known directions of features are taken unless that costs more than a standard error: their reasons puzzle nobody.
    """
    tried: list[tuple[Rung, FloatArray]] = []
    chosen = best = 0
    binned = BinnedFolds.of(data, folds, parameters(LADDER[0], len(data.churned), seed))
    for here, leaves in enumerate(LADDER):
        tried.append(_climb(binned, leaves, seed))
        if progress:
            progress(_told(tried[here][0]))
        best = min(best, here, key=lambda rung: tried[rung][0].log_loss)
        if _gains(data, tried[chosen][1], tried[here][1]):
            chosen = here
        if here - best >= STEPS_WITHOUT_GAIN:
            break
    best_size = tried[chosen]
    if any(data.directions):
        tried.append(_climb(binned, best_size[0].leaves, seed, is_monotone=True))
        if progress:
            progress(_told(tried[-1][0]))
        if not _gains(data, tried[-1][1], best_size[1]):
            best_size = tried[-1]
    return Search(tuple(rung for rung, _ in tried), *best_size)


def settings_of(data: TrainingSet, rung: Rung, seed: int) -> dict[str, Any]:
    """Return LightGBM's parameters for trees like those of a rung."""
    settings = parameters(rung.leaves, len(data.churned), seed)
    return settings | {"monotone_constraints": list(data.directions)} if rung.is_monotone else settings


def _climb(binned: BinnedFolds, leaves: int, seed: int, *, is_monotone: bool = False) -> tuple[Rung, FloatArray]:
    data, rung = binned.data, Rung(leaves, 0, 0.0, is_monotone)
    trees, log_odds = boost_folds(binned, settings_of(data, rung, seed))
    return Rung(leaves, trees, _held_out_mean(data, _losses(data, log_odds))[0], is_monotone), log_odds


def _losses(data: TrainingSet, log_odds: FloatArray) -> FloatArray:
    return log_losses(data.churned, probability(log_odds + prior_correction(data.kept_share)))


def _gains(data: TrainingSet, smaller: FloatArray, larger: FloatArray) -> bool:
    mean, error = _held_out_mean(data, _losses(data, smaller) - _losses(data, larger))
    return mean > error


def _held_out_mean(data: TrainingSet, values: FloatArray) -> tuple[float, float]:
    known = ~np.isnan(values)
    weights = row_weights(data.churned[known], data.kept_share)
    return clustered_mean(values[known], data.accounts[known], weights)


def _told(rung: Rung) -> str:
    kept = ", directions kept" if rung.is_monotone else ""
    return f"{rung.leaves} leaves, {rung.trees} trees{kept}: held-out log loss {rung.log_loss:.4f}"
