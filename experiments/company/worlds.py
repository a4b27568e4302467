"""The worlds a company can live in: the default one, and those that differ from it in one respect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from types import MappingProxyType

from experiments.company.parameters import Consequences, Effects, Parameters
from experiments.company.planted import FIRMS


def _null() -> Parameters:
    """Leaving is a constant hazard and comes without warning: nothing causes it, nothing foretells it."""
    silenced = {field.name: 0.0 for field in fields(Effects)} | {"base": -3.9}
    unforeseen = Consequences(silent_share=1.0, cancellation_views=0, export_prob=0, discount_prob=0, usage_left=1.0)
    return replace(Parameters(), effects=Effects(**silenced), consequences=unforeseen)


def _confounded() -> Parameters:
    """Small firms are served somewhat worse still and leave much more; trouble brings reviews and calls more surely."""
    firms = tuple(replace(firm, slowness=1.1 * firm.slowness) for firm in FIRMS)
    return replace(
        Parameters(),
        firms=firms,
        effects=Effects(base=-7.0, small_firm=1.2),
        rescue_prob=0.45,
        review_probs=(0.05, 0.6),
    )


def _hidden() -> Parameters:
    """Something that nobody observes makes accounts badly served and leave: as strongly as being small does."""
    return replace(Parameters(), effects=Effects(hidden=1.0))


def _robust() -> Parameters:
    """Engaged accounts are spared nearly all harm of a bad experience."""
    return replace(Parameters(), moderation=0.95, effects=Effects(base=Effects().base + ROBUST_BASE))


def _drift() -> Parameters:
    """From a date on, slow responses do twice the harm and everyone leaves somewhat more."""
    return replace(Parameters(), drift_month=30, drift_base=0.4, drift_slow=2.0)


def _uplift() -> Parameters:
    """Calls by lot, many of them: they help midsize and corporate firms, harm local ones, who leave most,
    and leave scale-ups alone."""
    return replace(
        Parameters(),
        effects=Effects(base=-4.8, success_call=-3.0),
        call_weights=(-0.6, 1.0, 1.0, 0.0),
        expected_churn=0.035,
        trial_prob=0.3,
        rescue_prob=0.0,
    )


def _no_uplift() -> Parameters:
    """The same calls do nothing to anybody."""
    return replace(_uplift(), call_weights=(0.0, 0.0, 0.0, 0.0))


def _rescued() -> Parameters:
    """Calls go to those in trouble only, who leave more: they help, and look as if they harmed."""
    harm = Effects(base=-6.4, outage=2.8, billing_error=3.2, success_call=-0.45)
    return replace(Parameters(), effects=harm, trial_prob=0.0, rescue_prob=0.5)


ROBUST_BASE = 0.6  # in log-odds: about as many leave as in the default world, though many are spared

WORLDS: Mapping[str, Callable[[], Parameters]] = MappingProxyType(
    {
        "default": Parameters, "null": _null, "confounded": _confounded, "hidden": _hidden, "robust": _robust,
        "drift": _drift, "uplift": _uplift, "no_uplift": _no_uplift, "rescued": _rescued,
        "small": Parameters, "messy": Parameters,
    }
)  # fmt: skip
SMALL_COMPANY = 200
"""Accounts of the world `small`, unless said otherwise."""


def parameters_of(world: str, strength: float = 1.0) -> Parameters:
    """Return the parameters of a world by its name.

    `strength` is that of the hidden cause in the world `hidden`: 1 is as strong as the measured one by firm size.

    Raises
    ------
    ValueError
        When there is no world of that name.

    >>> parameters_of("null").effects.champion_exit
    0.0
    """
    if world not in WORLDS:
        raise ValueError(f"got world {world!r}; expected one of {', '.join(WORLDS)}; choose one of these")
    parameters = WORLDS[world]()
    return replace(parameters, effects=replace(parameters.effects, hidden=strength * parameters.effects.hidden))
