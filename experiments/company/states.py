"""What accounts feel and how engaged they are, and how a month changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from experiments.company.arrays import Array
from experiments.company.contracts import Contracts
from experiments.company.firms import Firms
from experiments.company.parameters import Parameters
from experiments.company.streams import Streams


@dataclass(frozen=True, slots=True)
class Month:
    """What happened to each account in one month; strengths from 0 (nothing) to 1."""

    slow: Array
    quick: Array
    outage: Array
    billing_error: Array
    wane: Array
    champion_exit: Array
    call: Array


@dataclass(frozen=True, slots=True)
class States:
    """Every account at the start of a month; satisfaction and engagement are about 0 on average, exposures 0 to 1."""

    satisfaction: Array
    engagement: Array
    slow: Array
    outage: Array
    billing_error: Array
    champion_exit: Array
    call: Array
    after_outage: Array
    after_slow: Array
    journey: Array
    """How far along the planted journey it is: had an outage last month, was then answered slowly, went all the way."""


@dataclass(frozen=True, slots=True)
class Tendencies:
    """Where each account's states return to, and what it minds (arrays of one entry an account)."""

    engagement: Array
    service_weight: Array
    outage_weight: Array
    price_weight: Array
    call_weight: Array
    start_month: Array
    is_slow_onboarding: Array

    @classmethod
    def of(cls, parameters: Parameters, firms: Firms, contracts: Contracts) -> Tendencies:
        """Return the tendencies that the planted segments give."""
        needs = parameters.needs
        return cls(
            engagement=np.array([kind.engagement for kind in parameters.behaviours])[firms.behaviour],
            service_weight=np.array([need.service_weight for need in needs])[firms.needs],
            outage_weight=np.array([need.outage_weight for need in needs])[firms.needs],
            price_weight=np.array([need.price_weight for need in needs])[firms.needs],
            call_weight=np.array(parameters.call_weights)[firms.segment],
            start_month=contracts.start_month,
            is_slow_onboarding=contracts.onboarding_days > parameters.slow_onboarding_days,
        )


def first_states(parameters: Parameters, tendencies: Tendencies, streams: Streams) -> States:
    """Return states in which nothing has happened yet."""
    rng = streams.of("first states")
    none = np.zeros(len(tendencies.engagement))
    satisfaction = parameters.satisfaction_spread * rng.standard_normal(len(none))
    engagement = tendencies.engagement + 2 * parameters.engagement_spread * rng.standard_normal(len(none))
    return States(satisfaction, engagement, *[none] * 8)


def chosen(which: Array, yes: States, no: States) -> States:
    """Return the states of each account from `yes` where `which` holds, else from `no`."""
    return States(*(np.where(which, getattr(yes, name), getattr(no, name)) for name in States.__slots__))


def next_states(
    parameters: Parameters, states: States, happened: Month, *, tendencies: Tendencies, luck: tuple[Array, Array]
) -> States:
    """Return the states a month later; `luck` holds standard normal numbers for satisfaction and engagement."""
    after_outage, after_slow, journey = _journey(states, happened)
    return States(
        satisfaction=_satisfaction(parameters, states, happened, tendencies) + parameters.satisfaction_spread * luck[0],
        engagement=_engagement(parameters, states, happened, tendencies) + parameters.engagement_spread * luck[1],
        slow=_exposure(parameters, states.slow, happened.slow),
        outage=_exposure(parameters, states.outage, happened.outage),
        billing_error=_exposure(parameters, states.billing_error, happened.billing_error),
        champion_exit=_exposure(parameters, states.champion_exit, happened.champion_exit),
        call=_exposure(parameters, states.call, happened.call),
        after_outage=after_outage,
        after_slow=after_slow,
        journey=_exposure(parameters, states.journey, journey),
    )


def onboarded(parameters: Parameters, states: States, tendencies: Tendencies, *, month: int) -> States:
    """Return the states after those who started a month ago were onboarded: a slow onboarding costs engagement."""
    slow = tendencies.is_slow_onboarding & (tendencies.start_month == month - 1)
    return replace(states, engagement=states.engagement - parameters.slow_onboarding_costs * slow)


def _satisfaction(parameters: Parameters, states: States, happened: Month, tendencies: Tendencies) -> Array:
    disappointment = (
        parameters.slow_hurts * tendencies.service_weight * happened.slow
        + parameters.outage_hurts * tendencies.outage_weight * happened.outage
        + parameters.billing_hurts * happened.billing_error
        - parameters.quick_pleases * happened.quick
    )
    return np.asarray(parameters.satisfaction_memory * states.satisfaction - disappointment)


def _engagement(parameters: Parameters, states: States, happened: Month, tendencies: Tendencies) -> Array:
    distance = states.engagement - tendencies.engagement
    loss = parameters.wane_drop * happened.wane + parameters.champion_exit_costs * happened.champion_exit
    return np.asarray(tendencies.engagement + parameters.engagement_memory * distance - loss)


def _journey(states: States, happened: Month) -> tuple[Array, Array, Array]:
    """An outage in this month or the last, then a slow response, in this or the last, then a billing error."""
    slow = happened.slow * np.maximum(happened.outage, states.after_outage)
    return happened.outage, slow, happened.billing_error * np.maximum(slow, states.after_slow)


def _exposure(parameters: Parameters, before: Array, now: Array) -> Array:
    return np.asarray(np.maximum(parameters.exposure_memory * before, now))
