"""Segments by what accounts need: their latest answer to each item on importance."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from features.catalog import Feature
from pipelines.churn.encoder import Columns, FloatArray, numbers
from pipelines.segmentation.mixture import Mixture
from pipelines.segmentation.number_column import NumberColumn
from pipelines.segmentation.preparation import FEWEST_CENTRED, Preparation
from pipelines.segmentation.response_style import has_response_style

STARTS = 2
ROUNDS = 150
TOLERANCE = 1e-5
"""Mean log-likelihood an account; StepMix's own 1e-10 takes four times as long for the same segments."""


def prepare_needs(rows: Columns, features: Sequence[Feature], seed: int) -> tuple[Preparation, FloatArray]:
    """Return how the items are put on one scale, and the rows as the mixture learns from them, shape (n, d).

    Missing answers stay missing. If a response style is found, each account's own mean is taken off. For learning,
    answers on a grid (1 to 5) are spread evenly over their step, or else a component could shrink upon one answer:
    uniform dequantisation, Theis, van den Oord and Bethge (2016), A note on the evaluation of generative models, 3.1.
    """
    answers = {feature.name: numbers(rows[feature.name], feature.name) for feature in features}
    columns = [NumberColumn.fit(name, given, is_log=False, keeps_missing=True) for name, given in answers.items()]
    plain = Preparation(tuple(column for column in columns if column is not None))
    if not plain.columns:
        return plain, np.empty((0, 0))
    rng = np.random.default_rng(seed)
    spread = {name: _spread(given, rng) for name, given in answers.items()}
    preparation = replace(plain, is_row_centred=_finds_style(plain.encode(answers), seed))
    return preparation, preparation.encode(spread)


def _finds_style(answers: FloatArray, seed: int) -> bool:
    is_rich = (~np.isnan(answers)).sum(axis=1) >= FEWEST_CENTRED
    return is_rich.sum() >= 50 and has_response_style(answers[is_rich], seed=seed)


def _spread(given: FloatArray, rng: np.random.Generator) -> FloatArray:
    is_known = ~np.isnan(given)
    steps = np.diff(np.unique(given[is_known]))
    spread = given.copy()
    spread[is_known] += rng.uniform(-0.5, 0.5, is_known.sum()) * (steps.min() if len(steps) else 0.0)
    return spread


def fit_needs(X: FloatArray, k: int, seed: int) -> Mixture | None:
    """Return StepMix's latent profiles: k diagonal Gaussian components, blind to missing answers; None if it failed.

    Raw answers without style could be categories as well; on such sets with a known answer both recovered the segments
    alike (adjusted Rand index 0.82), and the Gaussian was four to ten times faster.
    """
    from sklearn.exceptions import ConvergenceWarning

    model = _step_mix()(
        k,
        measurement="gaussian_diag_nan",
        n_init=STARTS,
        max_iter=ROUNDS,
        abs_tol=TOLERANCE,
        random_state=seed,
        progress_bar=0,
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # an unfinished candidate shows in its BIC and its stability; one that broke down is caught below
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X)
    found = model.get_parameters()
    return _mixture(found["weights"], found["measurement"]["means"], found["measurement"]["covariances"])


def _step_mix() -> type[Any]:
    with warnings.catch_warnings():
        # StepMix's docstrings hold stray backslashes, of which Python warns the first time it compiles them
        warnings.filterwarnings("ignore", r".*invalid escape sequence")
        from stepmix.stepmix import StepMix
    return StepMix  # type: ignore[no-any-return]


def _mixture(weights: FloatArray, means: FloatArray, variances: FloatArray) -> Mixture | None:
    is_sound = all(np.isfinite(part).all() for part in (weights, means, variances)) and (variances > 0).all()
    if not is_sound or (weights <= 0).any():
        return None
    return Mixture.of_numbers(weights, means, variances, 2 * means.size + len(weights) - 1)
