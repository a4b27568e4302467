"""How large the trees may be, how they read crowded categories, and whether they keep to known directions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipelines.churn.boosting import TrainingSet
from pipelines.churn.encoder import FloatArray
from pipelines.churn.shape import LADDER, Shape
from pipelines.churn.splits import Fold
from pipelines.churn.study import Effort, Progress, Study, Trial

STEPS_WITHOUT_GAIN = 2
FURTHER_TRIALS = 10
FURTHER_ERRORS = 2.0
"""The best of ten leads by a standard error by luck alone: it has to lead the usual shape by two."""
FEW_CELLS = 2_000_000
"""With more rows times features no further trials are made unless asked for: there they cost more and gain less (a
company of 5,000 accounts, 12 million cells: the better of the first two lowered the held-out log loss from 0.1727 to
0.1725).
"""


@dataclass(frozen=True)
class Search:
    """What was tried and what was chosen.

    Attributes
    ----------
    trials
        In the order they were tried; without those that were broken off.
    chosen
        The smallest that is as good as the best, up to noise.
    n_trials
        How many were begun. As many, asked for again, give the same model.
    is_out_of_time
        Whether it was the time that ended the search.
    """

    trials: tuple[Trial, ...]
    chosen: Trial
    n_trials: int
    is_out_of_time: bool

    @property
    def log_odds(self) -> FloatArray:
        """(n,) raw log-odds of the held-out rows by models of the chosen shape."""
        return self.chosen.log_odds


def choose_complexity(
    data: TrainingSet,
    folds: Sequence[Fold],
    *,
    seed: int,
    effort: Effort | None = None,
    progress: Progress | None = None,
) -> Search:
    """Return the search for the shape of trees, and their number.

    One question after the other, so that a search that is ended early has answered the first ones:

    1. How to read crowded categories: as churn rates of their levels only where that gains.
    2. How many leaves: the climb of sizes ends after two in a row that do not lower the loss at all.
    3. Whether to keep to the known directions of features: yes, unless that costs: reasons then puzzle nobody.
    4. Whether other leaves, pulls and shares of features than the usual ones gain, in sizes near the one found.

    To gain or to cost is to differ in held-out log loss by more than one standard error of the paired difference (two
    where the best of many is asked for), accounts being the units: a smaller model is told in steadier reasons, and
    explained faster.
    """
    effort = effort or Effort()
    study = Study(data, folds, seed, effort, progress)
    chosen = _climbed(study, _reading(study, has_crowded=bool(data.crowded)))
    if any(data.directions):
        kept = study.tried(replace(chosen.shape, is_monotone=True))
        chosen = kept if kept and not study.gains(kept, chosen) else chosen
    further = list(_further(study, chosen, _number(effort, data.X.size)))
    chosen = _smallest(study, chosen, further)
    return Search(tuple(study.trials), chosen, study.n_begun, study.is_out_of_time)


def _reading(study: Study, *, has_crowded: bool) -> Trial:
    """The trial of stumps, with the reading of crowded categories that does better: in stumps each speaks alone."""
    by_ranks = study.tried(Shape(LADDER[0]))
    assert by_ranks is not None  # noqa: S101
    by_rates = study.tried(Shape(LADDER[0], by_rates=True)) if has_crowded else None
    return by_rates if by_rates and study.gains(by_ranks, by_rates) else by_ranks


def _climbed(study: Study, stumps: Trial) -> Trial:
    chosen = best = stumps
    since_best = 0
    for leaves in LADDER[1:]:
        trial = study.tried(replace(stumps.shape, leaves=leaves))
        if trial is None:
            break
        since_best = 0 if trial.log_loss < best.log_loss else since_best + 1
        best = min(best, trial, key=lambda one: one.log_loss)
        if study.gains(chosen, trial):
            chosen = trial
        if since_best >= STEPS_WITHOUT_GAIN:
            break
    return chosen


def _number(effort: Effort, n_cells: int) -> int | None:
    """How many further trials there are; None: as many as are asked for in all."""
    if effort.trials is not None:
        return None
    return FURTHER_TRIALS if n_cells <= FEW_CELLS else 0


def _further(study: Study, chosen: Trial, number: int | None) -> Iterator[Trial]:
    most_leaves = min(LADDER[-1], max(LADDER[1], 2 * chosen.shape.leaves))
    begun = 0
    while (number is None or begun < number) and study.may_go_on():
        begun += 1
        trial = study.suggested(chosen.shape, most_leaves)
        if trial:
            yield trial


def _smallest(study: Study, chosen: Trial, further: Sequence[Trial]) -> Trial:
    """The smallest within a standard error of the best; the usual shape, unless the best leads it beyond doubt."""
    best = min([chosen, *further], key=lambda one: one.log_loss)
    if not study.gains(chosen, best, FURTHER_ERRORS):
        return chosen
    close = [one for one in further if not study.gains(one, best)]
    return min(close, key=lambda one: (one.shape.leaves, one.trees))
