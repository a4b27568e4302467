"""What an action does to each account: a model of doubly robust scores, drawn towards the mean as honest folds say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
from scipy.stats import norm

from pipelines.actions.scores import learnt_chances, robust_scores
from pipelines.actions.trial import Trial
from pipelines.churn.bootstrap import Z
from pipelines.drivers.nuisance import BINS, Binned, Bools, Floats, Matrix
from pipelines.drivers.rows import FOLDS, Ints
from pipelines.experience.judged import SURE

# Scores are nearly all noise: small trees, slowly, each on half of the accounts.
PARAMETERS: dict[str, Any] = BINS | {
    "objective": "regression", "learning_rate": 0.05, "feature_fraction": 0.5, "lambda_l2": 10.0,
    "deterministic": True, "force_col_wise": True,
}  # fmt: skip
BAGS, BAGS_A_FOLD, BAGS_OF_ERROR = 24, 8, 16
PROBABLY = float(norm.ppf(0.8))
"""How sure one has to be to leave an account alone: little is lost by it."""


@dataclass(frozen=True)
class Grain:
    """How finely models look: trees, leaves of each, and the smallest leaf as a share of the rows learnt from."""

    trees: int
    leaves: int
    smallest_leaf: float


SMOOTH, FINE = Grain(40, 4, 0.05), Grain(60, 6, 0.03)
"""Effects are predicted by the first; the second errs more by chance and less by smoothing, and tells the error."""


class Benefit(NamedTuple):
    """What an action saves each account, (n,) points of churn (above 0: it helps), with the 95 % interval."""

    points: Floats
    low: Floats
    high: Floats

    @property
    def probably_harms(self) -> Bools:
        """Where it harms, as sure as 80 % (one-sided, of the interval's error)."""
        error = (self.high - self.low) / (2 * Z)
        return np.asarray(self.points + PROBABLY * error < 0)


@dataclass(frozen=True)
class Honest:
    """What is known of each row by models that saw nothing of its account: score, predicted effect, fold."""

    scores: Floats
    predicted: Floats
    folds: Ints


@dataclass(frozen=True)
class Uplift:
    """A model of effects on staying (shares), one effect for all where honest folds find no difference.

    Attributes
    ----------
    bags, fine
        models, each of half the accounts; `fine` are those that tell the error.
    mean, mean_error
        the average effect, and its standard error.
    slope, slope_error
        by how much true effects differ where predicted ones do by one: 1 where predictions are right, 0 where they
        say nothing (the best linear predictor of Chernozhukov, Demirer, Duflo and Fernandez-Val 2018).
    middle, spread
        the mean of predictions, and their variance.
    """

    bags: tuple[lgb.Booster, ...]
    fine: tuple[lgb.Booster, ...]
    mean: float
    mean_error: float
    slope: float
    slope_error: float
    middle: float
    spread: float

    @property
    def tells_apart(self) -> bool:
        """Whether accounts are found to differ in what the action does to them."""
        return self.slope > SURE * self.slope_error

    def at(self, predicted: Floats) -> Floats:
        """Return the effect on staying (share) that a prediction stands for."""
        slope = self.slope if self.tells_apart else 0.0
        return np.asarray(self.mean + slope * (predicted - self.middle))

    def benefit(self, X: Matrix) -> Benefit:
        """Return what the action saves each of some accounts.

        The error is that of the mean, of the slope, of the models (two halves of the accounts differ from each other by
        as much as the whole does from what is true, Buehlmann and Yu 2002; halves of finer models, which smooth less
        than pays, so that what is smoothed over counts too), and of what predictions miss: where truth is a slope
        below 1 of them, it varies about that line (regression to the mean).
        """
        if not self.tells_apart:
            return _around(np.full(len(X), self.mean), np.full(len(X), self.mean_error))
        predicted = np.mean([bag.predict(X, num_threads=2) for bag in self.bags], axis=0)
        away = predicted - self.middle
        model_error = self.slope * np.std([bag.predict(X, num_threads=2) for bag in self.fine], axis=0, ddof=1)
        missed = max(self.slope * (1 - self.slope), 0.0) * self.spread
        error = np.sqrt(self.mean_error**2 + np.square(away * self.slope_error) + np.square(model_error) + missed)
        return _around(self.at(predicted), error)


def learn_uplift(trial: Trial, *, seed: int) -> tuple[Uplift, Honest]:
    """Return the model of a trial, and what honest folds say of each of its rows."""
    folds, binned = trial.folds(seed), Binned.of(trial.X)
    everyone = np.ones(len(folds), dtype=bool)
    predicted = np.empty(len(folds))
    for fold in range(FOLDS):
        # Nothing of this fold's accounts is used to predict for it, not even to score others.
        others = folds != fold
        scores = robust_scores(trial, learnt_chances(trial, binned, others, folds, seed=seed))
        bags = _bags(trial, binned, scores, others, n=BAGS_A_FOLD, seed=seed)
        predicted[~others] = _mean(bags, trial.X[~others])
    scores = robust_scores(trial, learnt_chances(trial, binned, everyone, folds, seed=seed))
    honest = Honest(scores, predicted, folds)
    bags = _bags(trial, binned, scores, everyone, n=BAGS, seed=seed)
    fine = _bags(trial, binned, scores, everyone, n=BAGS_OF_ERROR, seed=seed, grain=FINE)
    (mean, mean_error), (slope, slope_error) = best_line(honest, trial.account)
    fitted = _mean(bags, trial.X)
    middle, spread = float(fitted.mean()), float(fitted.var())
    return Uplift(bags, fine, mean, mean_error, slope, slope_error, middle, spread), honest


def best_line(honest: Honest, account: Ints) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return mean effect and slope of effects on predictions, each with its standard error, clustered by account."""
    away = honest.predicted - honest.predicted.mean()
    spread = float(away @ away)
    mean = float(honest.scores.mean())
    mean_error = float(np.sqrt(_squares(honest.scores - mean, account))) / len(away)
    if spread <= 1e-12 * len(away):
        return (mean, mean_error), (0.0, np.inf)
    slope = float(away @ honest.scores) / spread
    residual = honest.scores - mean - slope * away
    return (mean, mean_error), (slope, float(np.sqrt(_squares(away * residual, account))) / spread)


def _squares(values: Floats, account: Ints) -> float:
    sums = np.bincount(np.unique(account, return_inverse=True)[1], values)
    return float(sums @ sums) * len(sums) / max(len(sums) - 1, 1)


def _bags(
    trial: Trial, binned: Binned, scores: Floats, learns: Bools, *, n: int, seed: int, grain: Grain = SMOOTH
) -> tuple[lgb.Booster, ...]:
    """Models of the scores, each of a random half of the accounts."""
    _, account = np.unique(trial.account, return_inverse=True)
    found, rng = [], np.random.default_rng(seed)
    for bag in range(n):
        half = rng.permutation(account.max() + 1) % 2 == 0
        rows = np.flatnonzero(learns & half[account])
        own = binned.data.subset(rows).construct()
        own.set_label(scores[rows])
        smallest = max(20, int(grain.smallest_leaf * len(rows)))
        leaf = {"num_leaves": grain.leaves, "min_data_in_leaf": smallest}
        found.append(lgb.train(PARAMETERS | leaf | {"seed": seed + bag}, own, grain.trees))
    return tuple(found)


def _mean(bags: tuple[lgb.Booster, ...], X: Matrix) -> Floats:
    return np.asarray(np.mean([bag.predict(X, num_threads=1) for bag in bags], axis=0))


def _around(share: Floats, error: Floats) -> Benefit:
    return Benefit(100 * share, 100 * (share - Z * error), 100 * (share + Z * error))
