"""The hazard of leaving: log-odds that add up from what has been experienced."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.company.arrays import Array, sigmoid, step
from experiments.company.contracts import MONTHS_A_YEAR, Contracts
from experiments.company.firms import SMALL, Firms
from experiments.company.parameters import Parameters
from experiments.company.shocks import Shocks
from experiments.company.states import States, Tendencies

HIDDEN_LOG_ODDS = 0.7  # of the unobserved trait at strength 1: as being a small firm


def monthly_hazard(
    parameters: Parameters, states: States, tendencies: Tendencies, *, standing: Array, window: Array
) -> Array:
    """Return each account's probability of deciding to leave this month.

    Bad experiences hurt those who are not engaged, and more so in the renewal window; `standing` holds the log-odds
    that come from what an account is and what it pays.
    """
    harm = bad_experience(parameters, states, tendencies) * vulnerability(parameters, states.engagement)
    harm = harm * (1.0 + parameters.renewal_multiplies * window)
    adrift = parameters.effects.disengagement * step(-states.engagement, -parameters.disengaged_below, 0.15)
    return sigmoid(standing + harm + adrift + parameters.effects.success_call * tendencies.call_weight * states.call)


def bad_experience(parameters: Parameters, states: States, tendencies: Tendencies) -> Array:
    """Return the log-odds that bad experiences would add in an account that nothing protects."""
    effects = parameters.effects
    return np.asarray(
        effects.dissatisfaction * step(-states.satisfaction, -parameters.dissatisfied_below, 0.12)
        + effects.slow_response * tendencies.service_weight * states.slow
        + effects.outage * tendencies.outage_weight * states.outage
        + effects.billing_error * states.billing_error
        + effects.champion_exit * states.champion_exit
        + effects.journey * states.journey
    )


def vulnerability(parameters: Parameters, engagement: Array) -> Array:
    """Return the share of a bad experience's harm that gets through, 1 for the disengaged.

    >>> vulnerability(replace(Parameters(), moderation=0.95), np.array([-1.0, 1.0])).round(2).tolist()
    [1.0, 0.05]
    """
    return 1.0 - parameters.moderation * step(engagement, parameters.engaged_above, 0.1)


def drifted(parameters: Parameters, month: int) -> Parameters:
    """Return the parameters as they are in a month: after the drift the same experience does more harm.

    >>> drifted(Parameters(), 35) == Parameters()
    True
    """
    if parameters.drift_month is None or month < parameters.drift_month:
        return parameters
    effects = parameters.effects
    slow = effects.slow_response * parameters.drift_slow
    return replace(parameters, effects=replace(effects, base=effects.base + parameters.drift_base, slow_response=slow))


def standing_risk(parameters: Parameters, firms: Firms, contracts: Contracts, *, month: int) -> Array:
    """Return the log-odds of leaving that come from what an account is and where it stands in its contract."""
    effects = parameters.effects
    age = month - contracts.start_month
    window = contracts.is_renewal_window(month)
    locked = (contracts.period_months == MONTHS_A_YEAR) & ~window
    return np.asarray(
        effects.base
        + effects.frailty * firms.frailty
        + effects.small_firm * (firms.segment == SMALL)
        + effects.hidden * HIDDEN_LOG_ODDS * firms.neglect / 2
        + effects.young * ((age >= 2) & (age <= 6))
        + effects.renewal_window * window
        + effects.locked_in * locked
    )


def price_harm(parameters: Parameters, shocks: Shocks, tendencies: Tendencies, *, month: int) -> Array:
    """Return the log-odds that a steep rise adds from its announcement, a month before, to a month after it."""
    near = shocks.price_rise[max(month - 1, 0) : month + 2].max(axis=0)
    return np.asarray(
        parameters.effects.price_rise * tendencies.price_weight * step(near, parameters.steep_rise, 0.005)
    )
