"""Hillstrom's e-mail experiment: 64,000 customers by lot, two mails and none; whom each mail brings to visit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.benchmarks.report import Figure
from experiments.benchmarks.yardsticks.meta_learners import cross_fitted_predictions
from pipelines.actions.judged import Measured, best_first, policy_value, qini, uplift_area, weighed
from pipelines.actions.learn import judge
from pipelines.actions.told import distance
from pipelines.actions.trial import Trial
from pipelines.actions.uplift import Honest, learn_uplift

PUBLISHED = {"mens": 7.66, "womens": 4.52}
"""Points of visits more, counted from the file."""
NOBODY = "No E-Mail"
HELPED_SHARE = 0.3
"""Of the customers, that a mail may go to in the comparison of policies."""


def hillstrom_figures(data: Path, *, quick: bool) -> Iterator[Figure]:
    """Yield effects, Qini and policy value of each mail beside meta-learners and risk; nothing without the file."""
    file = data / "hillstrom" / "hillstrom.csv"
    if not file.is_file():
        return
    rows = pd.read_csv(file)
    if quick:
        rows = rows.sample(12_000, random_state=0)
    for mail in PUBLISHED:
        yield from _mail(rows, mail, quick=quick)


def hillstrom_trial(rows: pd.DataFrame, mail: str) -> Trial:
    """Return one mail against none; who visits is who `stayed`."""
    own = rows[rows["segment"].str.lower().str.startswith(mail) | (rows["segment"] == NOBODY)].reset_index(drop=True)
    codes = {name: pd.factorize(own[name], sort=True)[0] for name in ("zip_code", "channel")}
    X = own[["recency", "history", "mens", "womens", "newbie"]].assign(**codes).to_numpy(np.float32)
    helped = np.asarray(own["segment"] != NOBODY).astype(np.int64)
    return Trial(X, helped, own["visit"].to_numpy(np.int64), np.arange(len(own)), np.full(len(own), 0.5))


def _mail(rows: pd.DataFrame, mail: str, *, quick: bool) -> Iterator[Figure]:
    trial = hillstrom_trial(rows, mail)
    uplift, honest = learn_uplift(trial, seed=0)
    judged = judge(trial, uplift, honest)
    name, within = f"hillstrom.{mail}", judged.average
    yield Figure(f"{name}.effect", within.points, "points of visits")
    yield Figure(f"{name}.effect_low", within.low, "points", None if quick else f"<= {PUBLISHED[mail]}")
    yield Figure(f"{name}.effect_high", within.high, "points", None if quick else f">= {PUBLISHED[mail]}")
    yield Figure(f"{name}.decile_error", distance(judged), "points, mean distance of predicted from realised")
    yield from _order(f"{name}.ours", honest, trial)
    said = float(uplift.tells_apart == judged.qini.is_above_zero or not uplift.tells_apart)
    yield Figure(f"{name}.said_as_it_is", said, "1: told apart only where honest folds show it", "== 1")
    rivals = []
    for learner, predicted in cross_fitted_predictions(trial, 0).items():
        other = Honest(honest.scores, predicted, honest.folds)
        rivals.append(qini(other, trial.account).points)
        yield from _order(f"{name}.{learner}", other, trial)
    error = (judged.qini.high - judged.qini.low) / 2
    bar = None if quick else f">= {max(rivals) - error:.4f}"
    yield Figure(f"{name}.qini_beside_best_rival", judged.qini.points, "points; bar: the best less our interval", bar)


def _order(name: str, honest: Honest, trial: Trial) -> Iterator[Figure]:
    ranks = best_first(honest) <= HELPED_SHARE
    value, area = policy_value(honest, ranks, trial.account), uplift_area(honest, trial.account)
    for figure, one in (("qini", qini(honest, trial.account)), ("auuc", area), ("policy_30", value)):
        yield Figure(f"{name}.{figure}", one.points, "points of all customers")
        yield Figure(f"{name}.{figure}_low", one.low, "points")
    yield Figure(f"{name}.policy_30_beyond_random", float(_beyond_random(honest, ranks, trial).low), "points, low end")


def _beyond_random(honest: Honest, first: np.ndarray, trial: Trial) -> Measured:
    return weighed(honest.scores, first - HELPED_SHARE, trial.account)
