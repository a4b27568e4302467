"""A figure of one's own drawn towards what is known from elsewhere, by how sure each is; the weight is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.churn.bootstrap import Z
from pipelines.experience.found import Found


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a figure before one's own data: its value, standard deviation, and who says so."""

    value: float
    sd: float
    source: str


def drawn_to_prior(own: Found, prior: Prior) -> Found:
    """Return the figure as prior and own data together tell it, and in words how much of it is whose.

    The precision-weighted mean (normal prior, normal error; Gelman et al. 2013, Bayesian Data Analysis, equation 2.11).
    A refused figure is the prior alone, and assumed.

    >>> own = Found("t", "f", 10.0, 10 - 1.96, 10 + 1.96)
    >>> drawn_to_prior(own, Prior(0.0, 1.0, "a study")).sentence
    '50 % prior (a study), 50 % yours'
    """
    if own.verdict == "refused" or not np.isfinite(own.low + own.high):
        why = f"100 % prior ({prior.source}), 0 % yours: {own.sentence or 'your own has no interval'}"
        ends = prior.value - Z * prior.sd, prior.value + Z * prior.sd
        return replace(own, value=prior.value, low=ends[0], high=ends[1], basis="assumed", verdict="told", sentence=why)
    error = (own.high - own.low) / (2 * Z)
    weight = prior.sd**2 / (prior.sd**2 + error**2)
    value, reach = weight * own.value + (1 - weight) * prior.value, Z * np.sqrt(weight) * error
    said = f"{100 * (1 - weight):.0f} % prior ({prior.source}), {100 * weight:.0f} % yours"
    return replace(own, value=value, low=value - reach, high=value + reach, verdict="told", sentence=said)


def own_prior(groups: Sequence[Found], source: str = "all your segments") -> Prior | None:
    """Return what groups say together of a group of their kind; None of fewer than three that are told.

    Their mean, and how much they differ beyond their errors (DerSimonian and Laird 1986, Controlled Clinical Trials 7);
    where that is nothing, a hundredth of their usual error: they are then taken to be alike.
    """
    told = [one for one in groups if one.verdict != "refused" and np.isfinite(one.low + one.high)]
    if len(told) < 3:
        return None
    values = np.array([one.value for one in told])
    errors = np.array([(one.high - one.low) / (2 * Z) for one in told])
    precise = 1 / errors**2
    mean = (precise @ values) / precise.sum()
    beyond = precise @ (values - mean) ** 2 - (len(told) - 1)
    between = max(beyond / (precise.sum() - (precise @ precise) / precise.sum()), 0.0)
    weights = 1 / (errors**2 + between)
    sd = max(np.sqrt(between), 0.01 * float(np.median(errors)))
    return Prior(float((weights @ values) / weights.sum()), float(sd), source)


def drawn_together(groups: Sequence[Found]) -> tuple[Found, ...]:
    """Return groups drawn towards what they say together, each as far as its own data is unsure; few are left alone."""
    prior = own_prior(groups)
    return tuple(drawn_to_prior(one, prior) if prior else one for one in groups)
