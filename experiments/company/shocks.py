"""What befalls accounts whatever they do: outages, billing errors, price rises, people who leave, projects that end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.company.arrays import NEVER, UNKNOWN, Array
from experiments.company.calendar import Calendar
from experiments.company.contracts import Contracts
from experiments.company.firms import Firms
from experiments.company.parameters import Parameters
from experiments.company.planted import REGIONS
from experiments.company.streams import Streams


@dataclass(frozen=True, slots=True)
class Shocks:
    """Grids of months x accounts, and one entry an account for what happens once."""

    outage: Array
    billing_error: Array
    wane: Array
    """The project ends, the need shrinks: engagement drops and recovers slowly."""
    price_rise: Array
    """Share by which the price rises at the anniversary in this month; one month more than is observed."""
    champion_leaves_month: Array
    champion_leaves: Array
    """Second at which the primary contact leaves its company."""


def befall(
    parameters: Parameters, firms: Firms, contracts: Contracts, *, calendar: Calendar, streams: Streams
) -> Shocks:
    """Return all shocks of all months."""
    grid = (calendar.n_months, len(firms))
    month, moment = _champion_exits(parameters, contracts, calendar, streams.of("champions"))
    return Shocks(
        outage=_outages(parameters, firms, grid, streams.of("outages")),
        billing_error=streams.of("billing errors").random(grid) < _billing_error_prob(parameters, firms),
        wane=streams.of("wanes").random(grid) < parameters.wane_prob,
        price_rise=_price_rises(parameters, contracts, calendar, streams.of("prices")),
        champion_leaves_month=month,
        champion_leaves=moment,
    )


def _billing_error_prob(parameters: Parameters, firms: Firms) -> Array:
    """Who is neglected in the world with a hidden cause gets more of them."""
    return np.asarray(parameters.billing_error_prob * np.exp(parameters.effects.hidden * firms.neglect / 2))


def _outages(parameters: Parameters, firms: Firms, grid: tuple[int, int], rng: np.random.Generator) -> Array:
    """Outages strike regions: in a bad month many accounts of a region have one."""
    severity = rng.gamma(0.7, 1 / 0.7, (grid[0], len(REGIONS)))
    return np.asarray(rng.random(grid) < parameters.outage_prob * severity[:, firms.region])


def _price_rises(parameters: Parameters, contracts: Contracts, calendar: Calendar, rng: np.random.Generator) -> Array:
    months = np.arange(calendar.n_months + 1)[:, None]
    grid = (calendar.n_months + 1, len(contracts.start))
    happens = contracts.is_anniversary(months) & (rng.random(grid) < parameters.price_rise_prob)
    return np.where(happens, rng.uniform(*parameters.price_rise_range, grid).round(3), 0.0)


def _champion_exits(
    parameters: Parameters, contracts: Contracts, calendar: Calendar, rng: np.random.Generator
) -> tuple[Array, Array]:
    n = len(contracts.start)
    wait = rng.geometric(parameters.champion_exit_prob, n) if parameters.champion_exit_prob > 0 else np.full(n, 10**6)
    month = np.maximum(contracts.start_month, 0) + wait
    happens = month < calendar.n_months
    moment = calendar.moments(np.where(happens, month, 0), rng)
    return np.where(happens, month, UNKNOWN), np.where(happens, moment, NEVER)
