"""How accounts are served: how often they ask for help, and how long they wait for the first answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import poisson

from experiments.company.arrays import Array, step
from experiments.company.contracts import Contracts
from experiments.company.firms import N_OWNERS_PER_REGION, SMALL, Firms
from experiments.company.parameters import Parameters
from experiments.company.planted import REGIONS
from experiments.company.shocks import Shocks
from experiments.company.streams import Streams


@dataclass(frozen=True, slots=True)
class Service:
    """What drives the service of each account (arrays of one entry an account)."""

    case_rate: Array
    log_hours: Array
    """Usual log of the hours until the first response."""
    owner: Array
    start_month: Array

    @classmethod
    def of(cls, parameters: Parameters, firms: Firms, contracts: Contracts, *, streams: Streams) -> Service:
        """Return the service of every account: small firms wait longer."""
        rng = streams.of("service")
        slowness = np.array([firm.slowness for firm in parameters.firms])[firms.segment]
        rate = np.array([kind.cases for kind in parameters.behaviours])[firms.behaviour]
        return cls(
            case_rate=rate * np.exp(0.2 * rng.standard_normal(len(firms))),
            log_hours=np.log(parameters.response_hours) + slowness + hidden_slowness(parameters, firms),
            owner=firms.owner,
            start_month=contracts.start_month,
        )

    def cases(self, shocks: Shocks, month: int, streams: Streams) -> Array:
        """Return how many cases each account opens in a month; trouble and onboarding raise the number."""
        trouble = 1.0 + 0.8 * shocks.outage[month] + 1.0 * shocks.billing_error[month]
        onboarding = 1.0 + 0.6 * (month - self.start_month < 3)
        # By inversion, so that another's trouble leaves the luck of an account as it was.
        luck = streams.of("cases", month).random(len(self.case_rate))
        return np.asarray(poisson.ppf(luck, self.case_rate * trouble * onboarding), dtype=np.int64)

    def response_hours(self, spread: tuple[float, float], month: int, streams: Streams) -> Array:
        """Return the typical hours until the first response this month, had the account a case."""
        return self.drawn_hours(spread, streams.of("responses", month))

    def drawn_hours(self, spread: tuple[float, float], rng: np.random.Generator) -> Array:
        """Return hours until the first response with some luck."""
        team = rng.standard_normal(len(REGIONS) * N_OWNERS_PER_REGION)[self.owner]
        noise = spread[0] * team + spread[1] * rng.standard_normal(len(self.owner))
        return np.asarray(np.exp(self.log_hours + noise))


def hidden_slowness(parameters: Parameters, firms: Firms) -> Array:
    """Return what the trait nobody observes adds to the log of the hours: as much as being small, times strength."""
    return np.asarray(parameters.effects.hidden * parameters.firms[SMALL].slowness * firms.neglect / 2)


def slowness(parameters: Parameters, response_hours: Array) -> Array:
    """Return how slow responses feel, from 0 below the threshold to 1 above it: a sharp step, then saturated.

    >>> slowness(Parameters(), np.array([6.0, 24.0, 48.0, 400.0])).round(2).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    return step(np.log(response_hours), float(np.log(parameters.slow_hours)), 0.1)
