"""Doubly robust scores: what helping did to each account, right on average if either chance is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from pipelines.actions.trial import Trial
from pipelines.drivers.effect import CLIPPED
from pipelines.drivers.nuisance import Binned, Bools, Floats
from pipelines.drivers.rows import Ints


@dataclass(frozen=True)
class Chances:
    """What scores are made of, each (n,): the chance to be helped, to stay if not, and to stay if helped."""

    helped: Floats
    stays: Floats
    stays_helped: Floats


def learnt_chances(trial: Trial, binned: Binned, learns: Bools, folds: Ints, *, seed: int) -> Chances:
    """Return the chances of every row, by models of other folds' rows among those that `learns`."""
    known = np.isfinite(trial.chance)
    helped = trial.chance
    if not known.all():
        learnt = binned.cross_fitted(trial.helped, learns, folds, seed=seed)
        helped = np.where(known, trial.chance, learnt)
    return Chances(
        helped,
        binned.cross_fitted(trial.stayed, learns & (trial.helped == 0), folds, seed=seed),
        binned.cross_fitted(trial.stayed, learns & (trial.helped == 1), folds, seed=seed),
    )


def robust_scores(trial: Trial, chances: Chances) -> Floats:
    """Return (n,) the score of each row, whose mean is the effect on staying: augmented inverse propensity.

    Robins, Rotnitzky and Zhao (1994); by DoubleML's `DoubleMLIRM(score="ATE")`, chances given.
    """
    import doubleml
    import pandas as pd
    from doubleml.utils import DMLDummyClassifier, PSProcessorConfig

    columns = {"stayed": trial.stayed, "helped": trial.helped, "x": np.zeros(len(trial.helped))}
    with warnings.catch_warnings():
        # It would split and learn by itself; the chances are given instead.
        warnings.simplefilter("ignore")
        data = doubleml.DoubleMLData(pd.DataFrame(columns), "stayed", "helped", x_cols=["x"])
        clipped, nobody = PSProcessorConfig(clipping_threshold=CLIPPED), DMLDummyClassifier()
        model = doubleml.DoubleMLIRM(data, nobody, nobody, n_folds=2, score="ATE", ps_processor_config=clipped)
        given = {"ml_m": chances.helped, "ml_g0": chances.stays, "ml_g1": chances.stays_helped}
        model.fit(external_predictions={"helped": {name: chance[:, None] for name, chance in given.items()}})
    return np.asarray(model.psi[:, 0, 0] + model.coef[0], dtype=np.float64)
