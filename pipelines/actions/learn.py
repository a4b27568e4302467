"""What each kind of action does: learnt of a trial or of logged assignments, refused, or assumed."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from pipelines.actions.judged import Measured, by_decile, policy_value, qini, uplift_area, weighed
from pipelines.actions.overlap import is_comparable, refusal, settling_experiment
from pipelines.actions.scores import learnt_chances
from pipelines.actions.trial import Grade, Trial
from pipelines.actions.uplift import Benefit, Honest, Uplift, learn_uplift
from pipelines.drivers.nuisance import TREES, Binned, Bools, Matrix
from pipelines.experience.judged import SURE


@dataclass(frozen=True)
class Judged:
    """What honest folds say of a kind of action, all in points of churn saved.

    `policy` is what is saved of all rows by helping those predicted to gain; `harm` the mean effect on those predicted
    to be harmed, None where there are none; `deciles` predicted and realised effects.
    """

    average: Measured
    area: Measured
    qini: Measured
    policy: Measured
    harm: Measured | None
    deciles: tuple[tuple[float, Measured], ...]


@dataclass(frozen=True)
class Learnt:
    """What is known of a kind of action.

    Attributes
    ----------
    grade
        what it rests on.
    refused
        why nothing is told, and what would settle it; empty where something is.
    reach
        of logged assignments, the chance to be helped: nothing is told of accounts that are unlike those of which some
        were helped and some not.
    kept
        which of the rows it rests on; the others have no counterpart.
    n_rows, n_accounts
        how many these are.
    """

    kind: str
    grade: Grade
    refused: str = ""
    uplift: Uplift | None = None
    judged: Judged | None = None
    reach: lgb.Booster | None = None
    kept: Bools | None = None
    n_rows: int = 0
    n_accounts: int = 0
    assumed_points: float = 0.0

    @property
    def helps_some(self) -> bool:
        """Whether helping those predicted to gain saves some beyond doubt (99 %): else it is to be tested first."""
        return self.judged is not None and surely(self.judged.policy) > 0

    @property
    def harms_some(self) -> bool:
        """Whether those predicted to be harmed are, beyond doubt (99 %)."""
        return self.judged is not None and self.judged.harm is not None and surely(self.judged.harm) < 0

    def benefit(self, X: Matrix) -> Benefit:
        """Return what the action saves each account, NaN where that is not known."""
        if self.uplift is None:
            points = np.full(len(X), self.assumed_points if self.grade == "assumed" else np.nan)
            return Benefit(points, np.full(len(X), np.nan), np.full(len(X), np.nan))
        found = self.uplift.benefit(X)
        if self.reach is None:
            return found
        known = is_comparable(np.asarray(self.reach.predict(X, num_threads=2)))
        return Benefit(*(np.where(known, column, np.nan) for column in found))


def surely(measured: Measured) -> float:
    """Return 1 or -1 where a figure lies above or below zero at 99 %, else 0."""
    half = (measured.high - measured.low) / 2 * SURE / 1.959963984540054
    return float(measured.points > half) - float(measured.points < -half)


def learn_kind(kind: str, trial: Trial, *, seed: int) -> Learnt:
    """Return what a trial, or logged assignments, say of a kind of action."""
    grade, everyone = trial.grade, np.ones(len(trial.helped), dtype=bool)
    binned, reach, n = Binned.of(trial.X), None, (len(trial.helped), trial.n_accounts)
    if min(trial.helped.sum(), (1 - trial.helped).sum()) == 0:
        return Learnt(kind, grade, refused=_settled(kind, trial, _nobody(trial)), n_rows=n[0], n_accounts=n[1])
    chance = learnt_chances(trial, binned, everyone, trial.folds(seed), seed=seed).helped
    why = refusal(trial, chance)
    if why:
        return Learnt(kind, grade, refused=_settled(kind, trial, why), n_rows=n[0], n_accounts=n[1])
    if grade == "adjusted":
        reach = binned.learnt(trial.helped, np.arange(len(trial.helped)), n_trees=TREES, seed=seed)
    kept = is_comparable(chance)
    trial = trial.some(kept)
    uplift, honest = learn_uplift(trial, seed=seed)
    judged = judge(trial, uplift, honest)
    return Learnt(kind, grade, "", uplift, judged, reach, kept, len(trial.helped), trial.n_accounts)


def judge(trial: Trial, uplift: Uplift, honest: Honest) -> Judged:
    """Return what honest folds say of a model of effects."""
    told = uplift.at(honest.predicted)
    gains, loses = told > 0, told < 0
    return Judged(
        average=weighed(honest.scores, np.ones(len(told)), trial.account),
        area=uplift_area(honest, trial.account),
        qini=qini(honest, trial.account),
        policy=policy_value(honest, gains, trial.account),
        harm=weighed(honest.scores[loses], np.ones(loses.sum()), trial.account[loses]) if loses.sum() > 1 else None,
        deciles=tuple(by_decile(honest, told, trial.account)),
    )


def _nobody(trial: Trial) -> str:
    return f"no account was ever {'helped' if trial.helped.sum() == 0 else 'left without'}"


def _settled(kind: str, trial: Trial, why: str) -> str:
    left = float(1 - trial.stayed.mean()) if len(trial.stayed) else 0.1
    return f"{why}; what would settle it: {settling_experiment(kind, trial.n_accounts, min(max(left, 0.001), 0.999))}"
