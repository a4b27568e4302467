"""A release is tried out before it serves: of made-up accounts that it carries it has to say what it said at home."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np

from features.errors import ReleaseError
from pipelines.probe import Probe
from serving.payloads import Prediction
from serving.predictor import Predictor
from serving.vocabulary import FeatureRow

TOLERANCE = 1e-6
"""How far log-odds may be from what was recorded, and reasons from adding up to them."""

AT_ONCE = 4
"""Accounts between two breaths: some milliseconds."""


def try_out(predictor: Predictor, breathe: Callable[[], object] = lambda: None) -> None:
    """Let a release predict its probe, with reasons; after that no caller waits for what is done once.

    `breathe` is called between a few accounts and the next.

    Raises
    ------
    ReleaseError
        When what comes out is no prediction, its reasons do not add up to it, or it is not what the release itself
        recorded where it was made: it would answer wrongly here.
    """
    probe = predictor.release.probe
    rows: Sequence[FeatureRow] = [FeatureRow({})] if probe is None else [FeatureRow(row) for row in probe.rows]
    for first in range(0, len(rows), AT_ONCE):
        breathe()
        some = rows[first : first + AT_ONCE]
        predictions = predictor.predict(some, [True] * len(some))
        _check_sums(predictor, some, predictions)
        if probe is not None:
            for place, prediction in enumerate(predictions, first):
                _check_recorded(predictor, probe, place, prediction)


def difference(before: Predictor, after: Predictor, breathe: Callable[[], object] = lambda: None) -> str:
    """Return in words how far the probabilities of two releases are apart on what the later one was tried out on.

    `breathe` is called between a few accounts and the next.
    """
    probe = after.release.probe
    if probe is None:
        return "it carries nothing to compare on"
    rows = [FeatureRow(before.vocabulary.readable(row)) for row in probe.rows]
    found: list[float] = []
    for first in range(0, len(rows), AT_ONCE):
        breathe()
        some = rows[first : first + AT_ONCE]
        old, new = (each.predict(some, [False] * len(some)) for each in (before, after))
        found += [abs(was.churn_prob - is_now.churn_prob) for was, is_now in zip(old, new, strict=True)]
    apart = 100 * np.array(found)
    told = f"on {len(apart)} made-up accounts its probabilities are {apart.mean():.1f} points from those of"
    return f"{told} {before.version} on average, {apart.max():.1f} at most"


def _check_sums(predictor: Predictor, rows: Sequence[FeatureRow], found: Sequence[Prediction]) -> None:
    contributions, base = predictor.release.churn.contributions(predictor.columns([row.values for row in rows]))
    for own, prediction in zip(contributions, found, strict=True):
        _check_json(predictor, prediction)
        total = base + float(own.sum())
        if not abs(total - prediction.log_odds) <= TOLERANCE:
            came = (
                f"release {predictor.version}, whose reasons add up to {total} where it predicts {prediction.log_odds}"
            )
            raise ReleaseError.of(came, "reasons that add up to the prediction", "train again")


def _check_json(predictor: Predictor, found: Prediction) -> None:
    """NaN and infinite numbers, wherever they are, have no word in JSON."""
    try:
        json.dumps(found.model_dump(), allow_nan=False)
    except ValueError:
        came = f"release {predictor.version}, whose answers hold numbers that are not finite"
        raise ReleaseError.of(came, "finite ones", "train again") from None


def _check_recorded(predictor: Predictor, probe: Probe, place: int, found: Prediction) -> None:
    here = (found.log_odds, found.churn_prob_low, found.churn_prob_high)
    there = (probe.log_odds[place], probe.low[place], probe.high[place])
    if not np.allclose(here, there, rtol=TOLERANCE, atol=TOLERANCE):
        came = f"release {predictor.version}, which says {here[0]:.6f} of a made-up account here"
        expected = f"{there[0]:.6f} (log-odds), as it said where it was made"
        raise ReleaseError.of(came, expected, "serve it with the versions of LightGBM and numpy that made it")
