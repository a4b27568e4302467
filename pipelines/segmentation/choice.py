"""How many segments: an information criterion shortlists, stability decides among those, and none is an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.mixture import Mixture
from pipelines.segmentation.no_structure import against_no_structure
from pipelines.segmentation.preparation import Preparation
from pipelines.segmentation.segmentation import Evidence
from pipelines.segmentation.stability import MixtureFit, Stability, stability

CLEAR_GAIN = 10.0
"""A difference in BIC above 10 is very strong evidence (Kass and Raftery 1995, Bayes factors, JASA 90, section 3.2)."""
GAIN_SHARE = 0.03
"""Criteria fall on and on where components only approximate a shape: a segment must bring so much of all the gain."""
STABLE, LOOSE = 0.85, 0.6
"""Hennig's marks for a cluster's Jaccard index (highly stable from 0.85, not to be trusted below 0.6), here for the
adjusted Rand index of all clusters together."""
DISSOLVED = 0.5
"""Hennig (2008), Dissolution point and isolation robustness, Journal of Multivariate Analysis 99: of a segment no
more like any of the refit's than this (Jaccard), nothing is left."""
PATIENCE = 2
"""The search ends after so many numbers in a row without a clear gain."""


@dataclass(frozen=True)
class Choice:
    """The mixture that was chosen, None where there is no structure, with the reason and what was weighed."""

    mixture: Mixture | None
    why: str
    evidence: tuple[Evidence, ...]
    each: tuple[float, ...] = ()
    """How well each of its segments comes back."""


@dataclass(frozen=True)
class Wish:
    """What a person says of segments: at most so many, none smaller, or a number once and for all; names by id."""

    most: int = 6
    smallest_share: float = 0.05
    number: int | None = None
    names: Mapping[str, str] = field(default_factory=dict)


def choose(X: FloatArray, fit: MixtureFit, preparation: Preparation, wish: Wish, *, seed: int) -> Choice:
    """Return the mixture with as many components as the rows support, or as a person wishes.

    Candidates have no segment that is too small and are clearly better by BIC than fewer. Of these the finest that
    comes back in refits is taken; else the most stable; else none. Stability alone would favour two segments, BIC alone
    often as many as allowed. What is taken must explain more than a split of a single cloud would.
    """
    most = min(wish.most, int(1 / wish.smallest_share), len(X) // 10)
    found = _search(X, fit, most=most, seed=seed)
    evidence = _evidence(X, found)
    if wish.number is not None:
        return _as_wished(X, fit, wish.number, evidence, seed)
    listed = [
        tried for tried in evidence if tried.gain_share >= GAIN_SHARE and tried.smallest_share >= wish.smallest_share
    ]
    if not listed:
        none = f"one segment: no split into segments of at least {wish.smallest_share:.0%} is a clear gain"
        return Choice(None, none, evidence)
    weighed = [stability(X, found[tried.n_segments], fit, seed=seed) for tried in listed]
    listed = [replace(tried, stability=agreement.together) for tried, agreement in zip(listed, weighed, strict=True)]
    shown = tuple({tried.n_segments: tried for tried in (*evidence, *listed)}.values())
    steady = [place for place, agreement in enumerate(weighed) if _is_steady(agreement)]
    place = steady[-1] if steady else int(np.argmax([agreement.together for agreement in weighed]))
    best, agreement = listed[place], weighed[place]
    why = _why(best, agreement, listed)
    if agreement.together < LOOSE:
        return Choice(None, why, shown)
    against = against_no_structure(X, found[best.n_segments], fit, preparation, seed=seed)
    if not against.is_structure:
        told = f"it explains {against.gain:.2f} nats an account, of one cloud it would up to {against.limit:.2f}"
        return Choice(
            None, f"one segment: a split into {best.n_segments} finds no more than in a cloud ({told})", shown
        )
    return Choice(found[best.n_segments], why, shown, agreement.each)


def _as_wished(X: FloatArray, fit: MixtureFit, number: int, evidence: tuple[Evidence, ...], seed: int) -> Choice:
    """The number that a person set, said to be set, with its stability."""
    mixture = fit(X, number, seed) if 1 < number <= len(X) else None
    if number == 1:
        return Choice(None, "one segment: set in the settings", evidence)
    if mixture is None:
        why = f"one segment: {number} were set in the settings, and {len(X)} accounts cannot be split into so many"
        return Choice(None, why, evidence)
    agreement = stability(X, mixture, fit, seed=seed)
    why = f"{number} segments: set in the settings; adjusted Rand index {agreement.together:.2f} when resampled"
    return Choice(mixture, why, evidence, agreement.each)


def _search(X: FloatArray, fit: MixtureFit, *, most: int, seed: int) -> dict[int, Mixture]:
    found: dict[int, Mixture] = {}
    lowest, idle = np.inf, 0
    for k in range(1, most + 1):
        mixture = fit(X, k, seed)
        if mixture is not None:
            found[k] = mixture
        value = np.inf if mixture is None else mixture.bic(X)
        idle = 0 if value < lowest - CLEAR_GAIN else idle + 1
        lowest = min(lowest, value)
        if idle == PATIENCE:
            break
    return found


def _evidence(X: FloatArray, found: dict[int, Mixture]) -> tuple[Evidence, ...]:
    if not found:
        return ()
    values = {k: mixture.bic(X) for k, mixture in found.items()}
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


def _is_steady(agreement: Stability) -> bool:
    """Whether all segments together come back, and none of them dissolves."""
    return agreement.together >= STABLE and min(agreement.each) > DISSOLVED


def _why(best: Evidence, agreement: Stability, listed: Sequence[Evidence]) -> str:
    words = f"adjusted Rand index {agreement.together:.2f}"
    if agreement.together < LOOSE:
        return f"one segment: no split that was found comes back when the accounts are resampled ({words} at best)"
    rank = "finest stable" if _is_steady(agreement) else "most stable"
    numbers = ", ".join(str(tried.n_segments) for tried in listed)
    return f"{best.n_segments} segments: the {rank} of those shortlisted ({numbers}), {words} when resampled"
