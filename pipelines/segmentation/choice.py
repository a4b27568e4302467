"""How many segments: an information criterion shortlists, stability decides among those, and none is an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.integrated_likelihood import Criterion
from pipelines.segmentation.mixture import Mixture
from pipelines.segmentation.segmentation import Evidence
from pipelines.segmentation.stability import MixtureFit, stability

SMALLEST_SHARE = 0.05
CLEAR_GAIN = 10.0
"""A difference in BIC above 10 is very strong evidence (Kass and Raftery 1995, Bayes factors, JASA 90, section 3.2)."""
GAIN_SHARE = 0.03
"""Criteria fall on and on where components only approximate a shape: a segment must bring so much of all the gain."""
STABLE, LOOSE = 0.85, 0.6
"""Hennig's marks for a cluster's Jaccard index (highly stable from 0.85, not to be trusted below 0.6), here for the
adjusted Rand index of all clusters together."""
NO_GAIN = "one segment: no split into segments of at least 5 % is a clear gain"
PATIENCE = 2
"""The search ends after so many numbers in a row without a clear gain."""


@dataclass(frozen=True)
class Choice:
    """The mixture that was chosen, None where there is no structure, with the reason and what was weighed."""

    mixture: Mixture | None
    why: str
    evidence: tuple[Evidence, ...]


def choose(X: FloatArray, fit: MixtureFit, *, criterion: Criterion, max_segments: int, seed: int) -> Choice:
    """Return the mixture with as many components as the rows support, at most `max_segments`.

    Candidates have segments of at least 5 % and are clearly better by the criterion than fewer. Of these the finest
    that comes back in refits is taken; else the most stable; else none. Stability alone would favour two segments, the
    criterion alone often as many as allowed.
    """
    found = _search(X, fit, criterion, most=min(max_segments, int(1 / SMALLEST_SHARE), len(X) // 10), seed=seed)
    evidence = _evidence(X, found, criterion)
    listed = [tried for tried in evidence if tried.gain_share >= GAIN_SHARE and tried.smallest_share >= SMALLEST_SHARE]
    if not listed:
        return Choice(None, NO_GAIN, evidence)
    weighed: list[Evidence] = []
    while len(weighed) < len(listed) and (not weighed or _steadiness(weighed[-1]) < STABLE):
        tried = listed[-1 - len(weighed)]
        agreement = stability(X, found[tried.n_segments], fit, seed=seed)
        weighed.append(replace(tried, stability=agreement))
    best = max(weighed, key=_steadiness)
    by_number = {tried.n_segments: tried for tried in (*evidence, *weighed)}
    is_trusted = _steadiness(best) >= LOOSE
    return Choice(found[best.n_segments] if is_trusted else None, _why(best, listed), tuple(by_number.values()))


def _search(X: FloatArray, fit: MixtureFit, criterion: Criterion, *, most: int, seed: int) -> dict[int, Mixture]:
    found: dict[int, Mixture] = {}
    lowest, idle = np.inf, 0
    for k in range(1, most + 1):
        mixture = fit(X, k, seed)
        if mixture is not None:
            found[k] = mixture
        value = np.inf if mixture is None else criterion(X, mixture)
        idle = 0 if value < lowest - CLEAR_GAIN else idle + 1
        lowest = min(lowest, value)
        if idle == PATIENCE:
            break
    return found


def _evidence(X: FloatArray, found: dict[int, Mixture], criterion: Criterion) -> tuple[Evidence, ...]:
    if not found:
        return ()
    values = {k: criterion(X, mixture) for k, mixture in found.items()}
    whole = max(values[min(values)] - min(values.values()), CLEAR_GAIN)
    return tuple(
        Evidence(k, values[k], _gain(values, k) / whole, _smallest_share(X, mixture), None)
        for k, mixture in found.items()
    )


def _gain(values: dict[int, float], k: int) -> float:
    """Return how far k segments fall below the best of all smaller numbers, since k - 1 alone may be ill found."""
    fewer = [value for smaller, value in values.items() if smaller < k]
    gain = min(fewer) - values[k] if fewer else 0.0
    return gain if gain > CLEAR_GAIN else 0.0


def _smallest_share(X: FloatArray, mixture: Mixture) -> float:
    return float(np.bincount(mixture.assign(X), minlength=len(mixture.weights)).min() / len(X))


def _steadiness(tried: Evidence) -> float:
    return tried.stability or 0.0


def _why(best: Evidence, listed: Sequence[Evidence]) -> str:
    agreement = f"adjusted Rand index {_steadiness(best):.2f}"
    if _steadiness(best) < LOOSE:
        return f"one segment: no split that was found comes back when the accounts are resampled ({agreement} at best)"
    rank = "finest stable" if _steadiness(best) >= STABLE else "most stable"
    numbers = ", ".join(str(tried.n_segments) for tried in listed)
    return f"{best.n_segments} segments: the {rank} of those shortlisted ({numbers}), {agreement} when resampled"
