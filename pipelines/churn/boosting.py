"""LightGBM as it is used here: its parameters, and all folds boosted side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import FloatArray, Matrix
from pipelines.churn.level_rates import Rates, rates_of, with_rates, with_rates_of_others
from pipelines.churn.splits import Fold

Watch = Callable[[int, float], None]

MAX_TREES = 1000
PATIENCE = 50
STRIDE = 25
THREADS = 2
SMALL_ROWS = 20_000


@dataclass(frozen=True)
class TrainingSet:
    """Encoded rows.

    Attributes
    ----------
    X
        (n, p), NaN where not known.
    churned
        (n,) outcomes.
    accounts
        (n,) whose row it is, as integers from 0.
    native
        Positions of the columns that LightGBM takes as categories.
    kept_share
        Of the rows that did not churn, the share that was kept. Trees learn from the rows as they are.
    directions
        For each column 1 where more of it is known to raise churn, -1 where it is known to lower it, else 0.
    crowded
        Positions of the categories with too many levels for that, each with its number of levels.
    """

    X: Matrix
    churned: npt.NDArray[np.bool_]
    accounts: npt.NDArray[np.intp]
    native: Sequence[int]
    kept_share: float = 1.0
    directions: Sequence[int] = ()
    crowded: Sequence[tuple[int, int]] = ()


def parameters(leaves: int, n_rows: int, seed: int) -> dict[str, Any]:
    """Return LightGBM's parameters for trees of so many leaves: a small rate and strong regularisation.

    `n_rows` are those of the refit, in the search too: a number of trees is right for one rate only. A stump says so
    little that it may be believed twice as much as a tree: half as many trees, the same log loss (0.4101 on Telco,
    mean of six shuffles, at either rate); on many rows the larger rate saves time. On few rows one thread beats two
    that wait for each other, by far where the machine has other work. No tree depends on the number of threads.
    """
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "num_leaves": leaves,
        "learning_rate": 0.1 if leaves == 2 or n_rows >= SMALL_ROWS else 0.05,
        "min_data_in_leaf": max(5, min(50, n_rows // 50)),
        "lambda_l2": 10.0,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1 if n_rows < SMALL_ROWS else THREADS,
        "verbosity": -1,
    }


def fit_text(data: TrainingSet, settings: dict[str, Any], trees: int) -> str:
    """Return a model of all rows, in LightGBM's text format."""
    import lightgbm

    dataset = _dataset(data.X, data.churned, data.native, settings)
    return str(lightgbm.train(settings, dataset, trees).model_to_string())


@dataclass(frozen=True)
class BinnedFolds:
    """Folds as LightGBM reads them: binned once, on the rows that any of them looks at, for trees of every size.

    Attributes
    ----------
    pairs
        The rows to learn from and those held out, of each fold.
    rates
        Of each fold the churn rates that its rows to learn from tell; none where categories are read as codes.
    """

    data: TrainingSet
    folds: Sequence[Fold]
    pairs: Sequence[tuple[Any, Any]]
    rates: Sequence[Rates]

    @classmethod
    def of(cls, data: TrainingSet, folds: Sequence[Fold], settings: dict[str, Any]) -> BinnedFolds:
        """Return the folds of some rows, binned as these settings ask for."""
        rows = np.unique(np.concatenate([np.concatenate(fold) for fold in folds]))
        binned = _dataset(data.X[rows], data.churned[rows], data.native, settings).construct()

        def of_rows(wanted: npt.NDArray[np.intp]) -> Any:
            return binned.subset(np.searchsorted(rows, np.sort(wanted))).construct()

        pairs = [(of_rows(fold.train), of_rows(fold.test)) for fold in folds]
        return cls(data, folds, pairs, [{} for _ in folds])

    @classmethod
    def by_rates(cls, data: TrainingSet, folds: Sequence[Fold], settings: dict[str, Any], seed: int) -> BinnedFolds:
        """Return the folds with crowded categories as churn rates, learnt within each fold, and so binned in each."""
        rates = [rates_of(*_rows(data, fold.train), data.crowded) for fold in folds]
        pairs = []
        for fold, own in zip(folds, rates, strict=True):
            X = with_rates_of_others(*_rows(data, fold.train), data.crowded, seed)
            train = _dataset(X, data.churned[fold.train], data.native, settings).construct()
            held_out = with_rates(data.X[fold.test], own)
            test = train.create_valid(held_out, data.churned[fold.test].astype(np.float64), params=settings)
            pairs.append((train, test.construct()))
        return cls(data, folds, pairs, rates)

    def held_out(self, number: int) -> Matrix:
        """Return the rows that a fold holds out, as its trees see them."""
        return with_rates(self.data.X[self.folds[number].test], self.rates[number])


def boost_folds(
    binned: BinnedFolds, settings: dict[str, Any], *, max_trees: int = MAX_TREES, watch: Watch | None = None
) -> tuple[int, FloatArray]:
    """Return the number of trees with the lowest mean held-out log loss, and that many trees' held-out log-odds.

    All folds stop at the same number: were each fold to stop at its own best, its held-out loss would be too good, and
    the refit on all rows would not know which number to take. Boosting ends when the mean has not fallen for `PATIENCE`
    trees. Every `STRIDE` trees `watch` is told how many there are and the lowest mean so far; it may raise to end it.

    Returns
    -------
    trees
        From 1 to `max_trees`, which is rounded up to a multiple of `STRIDE`.
    log_odds
        (n,) by models that had not seen the row; NaN for rows that no fold held out.
    """
    settings = settings | {"num_threads": 1}
    data, folds, boosters = binned.data, binned.folds, _boosters(binned, settings)
    curves: list[list[float]] = [[] for _ in folds]
    with ThreadPoolExecutor(THREADS, initializer=_quiet, initargs=(settings,)) as pool:
        while _goes_on(curves, max_trees):
            list(pool.map(_grow, boosters, curves))
            if watch:
                watch(len(curves[0]), float(_mean(curves).min()))
    trees = int(np.argmin(_mean(curves))) + 1
    log_odds = np.full(len(data.churned), np.nan)
    for number, (booster, fold) in enumerate(zip(boosters, folds, strict=True)):
        held_out = binned.held_out(number)
        log_odds[fold.test] = booster.predict(held_out, raw_score=True, num_iteration=trees, num_threads=1)
    return trees, log_odds


def _rows(data: TrainingSet, rows: npt.NDArray[np.intp]) -> tuple[Matrix, npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
    return data.X[rows], data.churned[rows], data.accounts[rows]


def _dataset(X: Matrix, churned: npt.NDArray[np.bool_], native: Sequence[int], settings: dict[str, Any]) -> Any:
    import lightgbm

    given = {"categorical_feature": list(native), "params": settings, "free_raw_data": False}
    return lightgbm.Dataset(X, churned.astype(np.float64), **given)


def _boosters(binned: BinnedFolds, settings: dict[str, Any]) -> list[Any]:
    import lightgbm

    boosters = []
    for train, test in binned.pairs:
        boosters.append(lightgbm.Booster(settings, train))
        boosters[-1].add_valid(test, "held out")
    return boosters


def _quiet(settings: dict[str, Any]) -> None:
    # LightGBM keeps its verbosity by thread, and takes it from the parameters of whatever is made there.
    import lightgbm

    lightgbm.Dataset(np.zeros((1, 1)), params=settings).construct()


def _grow(booster: Any, curve: list[float]) -> None:
    for _ in range(STRIDE):
        booster.update()
        curve.append(booster.eval_valid()[0][2])


def _mean(curves: Sequence[Sequence[float]]) -> FloatArray:
    return np.asarray(np.mean(curves, axis=0), dtype=np.float64)


def _goes_on(curves: Sequence[Sequence[float]], max_trees: int) -> bool:
    grown = len(curves[0])
    return grown == 0 or (grown < max_trees and grown - int(np.argmin(_mean(curves))) <= PATIENCE)
