"""Trials of trees on held-out rows, one after the other, within what a search may cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pipelines.churn.boosting import BinnedFolds, TrainingSet, boost_folds
from pipelines.churn.bootstrap import clustered_mean
from pipelines.churn.calibration import probability
from pipelines.churn.encoder import FloatArray
from pipelines.churn.metrics import log_losses
from pipelines.churn.population import prior_correction, row_weights
from pipelines.churn.shape import LADDER, Shape, suggested
from pipelines.churn.splits import Fold

if TYPE_CHECKING:
    import optuna

Progress = Callable[[str], None]

RANDOM_TRIALS = 6
"""So many before the study asks where others did well."""


@dataclass(frozen=True)
class Effort:
    """What a search may cost.

    Attributes
    ----------
    trials
        At most so many; None: as many as are usual.
    minutes
        After which no new trial begins; None: however long it takes.
    """

    trials: int | None = None
    minutes: float | None = None

    def shared(self, n_searches: int) -> Effort:
        """Return the effort of one of several searches that share the time.

        >>> Effort(minutes=12.0).shared(6).minutes
        2.0
        """
        return Effort(self.trials, None if self.minutes is None else self.minutes / n_searches)


@dataclass(frozen=True)
class Trial:
    """A shape, how many such trees do best, and their mean log loss on held-out rows (of the population).

    `log_odds` (n,) are raw, by models that had not seen the row, among rows as they were kept; NaN for rows that no
    fold held out.
    """

    shape: Shape
    trees: int
    log_loss: float
    log_odds: FloatArray = field(repr=False)

    @property
    def sentence(self) -> str:
        """What was tried and found, in words."""
        said = [f"{self.shape.leaves} leaves, {self.trees} trees"]
        said += ["crowded categories as churn rates"] if self.shape.by_rates else []
        said += ["directions kept"] if self.shape.is_monotone else []
        said += [] if self.shape.is_usual else [self.shape.unusual]
        return f"{', '.join(said)}: held-out log loss {self.log_loss:.4f}"


class Study:
    """Trials on the same folds; each that ends is kept in `trials`, in order."""

    def __init__(
        self, data: TrainingSet, folds: Sequence[Fold], seed: int, effort: Effort, progress: Progress | None
    ) -> None:
        import optuna

        # Its chatter would stand among the command's output.
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=RANDOM_TRIALS)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=2)
        self._optuna = optuna.create_study(sampler=sampler, pruner=pruner)
        self._data, self._folds, self._seed, self._effort, self._progress = data, folds, seed, effort, progress
        self._binned: dict[bool, BinnedFolds] = {}
        self._began = time.monotonic()
        self.n_begun = 0
        self.is_out_of_time = False
        self.trials: list[Trial] = []

    def may_go_on(self) -> bool:
        """Return whether another trial may begin; the first one always may."""
        if not self.n_begun:
            return True
        if self._effort.trials is not None and self.n_begun >= self._effort.trials:
            return False
        minutes = (time.monotonic() - self._began) / 60
        self.is_out_of_time = self._effort.minutes is not None and minutes >= self._effort.minutes
        return not self.is_out_of_time

    def tried(self, shape: Shape) -> Trial | None:
        """Return the trial of a shape; None where the search may cost no more."""
        if not self.may_go_on():
            return None
        self._optuna.enqueue_trial(shape.as_asked)
        asked = self._optuna.ask()
        suggested(asked, shape, LADDER[-1])
        return self._run(asked, shape)

    def suggested(self, like: Shape, most_leaves: int) -> Trial | None:
        """Return the trial of a shape that the study suggests; None where it was soon seen to be worse than most."""
        import optuna

        asked = self._optuna.ask()
        shape = suggested(asked, like, most_leaves)

        def watch(trees: int, log_loss: float) -> None:
            asked.report(log_loss, trees)
            if asked.should_prune():
                raise optuna.TrialPruned

        try:
            return self._run(asked, shape, watch)
        except optuna.TrialPruned:
            self._optuna.tell(asked, state=optuna.trial.TrialState.PRUNED)
            return None

    def gains(self, one: Trial, other: Trial, errors: float = 1.0) -> bool:
        """Return whether another trial's loss is lower by more than so many standard errors, by accounts."""
        mean, error = self._held_out_mean(self._losses(one.log_odds) - self._losses(other.log_odds))
        return mean > errors * error

    def _run(self, asked: optuna.Trial, shape: Shape, watch: Callable[[int, float], None] | None = None) -> Trial:
        self.n_begun += 1
        data = self._data
        settings = shape.settings(len(data.churned), self._seed, data.directions)
        watch = watch or (lambda trees, log_loss: asked.report(log_loss, trees))
        trees, log_odds = boost_folds(self._binned_for(shape), settings, watch=watch)
        trial = Trial(shape, trees, self._held_out_mean(self._losses(log_odds))[0], log_odds)
        self._optuna.tell(asked, trial.log_loss)
        self.trials.append(trial)
        if self._progress:
            self._progress(trial.sentence)
        return trial

    def _binned_for(self, shape: Shape) -> BinnedFolds:
        if shape.by_rates not in self._binned:
            settings = Shape(LADDER[0]).settings(len(self._data.churned), self._seed, ())
            given = (self._data, self._folds, settings)
            self._binned[shape.by_rates] = (
                BinnedFolds.by_rates(*given, self._seed) if shape.by_rates else BinnedFolds.of(*given)
            )
        return self._binned[shape.by_rates]

    def _losses(self, log_odds: FloatArray) -> FloatArray:
        data = self._data
        return log_losses(data.churned, probability(log_odds + prior_correction(data.kept_share)))

    def _held_out_mean(self, values: FloatArray) -> tuple[float, float]:
        data, known = self._data, ~np.isnan(values)
        weights = row_weights(data.churned[known], data.kept_share)
        return clustered_mean(values[known], data.accounts[known], weights)
