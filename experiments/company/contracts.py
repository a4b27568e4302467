"""What each account signed: when, which plan, how many seats, for how much, for how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.company.arrays import DAY, HOUR, Array
from experiments.company.calendar import Calendar
from experiments.company.firms import Firms
from experiments.company.parameters import Parameters
from experiments.company.streams import Streams

SEAT_PRICES = np.array([18.0, 29.0, 45.0])  # a month, by plan
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Contracts:
    """One entry an account in every array; times are seconds since 1970, months count from the observation's first."""

    start_month: Array
    day: Array
    """Day of the month on which it starts, renews and is invoiced (1-28)."""
    start: Array
    created: Array
    """When the account was entered, later on the day of the start; nothing happens before it."""
    plan: Array
    seats: Array
    mrr: Array
    period_months: Array
    is_auto_renew: Array
    onboarding_days: Array

    def is_anniversary(self, month: int | Array) -> Array:
        """Return whether a whole number of years has passed since each start."""
        age = month - self.start_month
        return np.asarray((age > 0) & (age % MONTHS_A_YEAR == 0))

    def is_renewal_window(self, month: int) -> Array:
        """Return whether a yearly contract renews in this month or the next."""
        return np.asarray(
            (self.period_months == MONTHS_A_YEAR) & (self.is_anniversary(month) | self.is_anniversary(month + 1))
        )


def sign_contracts(parameters: Parameters, firms: Firms, calendar: Calendar, streams: Streams) -> Contracts:
    """Return a contract for each account, spread so that arrivals replace those who leave."""
    rng = streams.of("contracts")
    start_month = _start_months(parameters, len(firms), calendar, rng)
    day = rng.integers(1, 29, len(firms))
    start = calendar.day(start_month, day)
    seats = _seats(parameters, firms, rng)
    plan = np.digitize(np.log(seats) + rng.normal(0, 0.6, len(firms)), [2.2, 3.6])
    return Contracts(
        start_month=start_month,
        day=day,
        start=start,
        created=start + (rng.uniform(8, 17, len(firms)) * HOUR).astype(np.int64),
        plan=plan,
        seats=seats,
        mrr=np.round(seats * SEAT_PRICES[plan] * rng.uniform(0.85, 1.0, len(firms)), 2),
        period_months=np.where(
            rng.random(len(firms)) < parameters.yearly_share,
            MONTHS_A_YEAR,
            rng.choice([1, 3], len(firms), p=[0.7, 0.3]),
        ),
        is_auto_renew=rng.random(len(firms)) < 0.65,
        onboarding_days=parameters.onboarding_days * np.exp(0.45 * rng.standard_normal(len(firms))),
    )


def lapses(
    parameters: Parameters, contracts: Contracts, leaves: Array, *, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return when each account's service pauses and resumes (seconds; both 0 where it never pauses).

    A yearly contract that does not renew itself is sometimes signed again 1 to 10 days late: won back, not lost.
    """
    n = len(contracts.start)
    wanted = (
        (contracts.period_months == MONTHS_A_YEAR) & ~contracts.is_auto_renew & (rng.random(n) < parameters.lapse_prob)
    )
    days = rng.integers(1, 11, n)
    return _late_renewal(contracts, wanted, leaves, days)


def _late_renewal(contracts: Contracts, wanted: Array, leaves: Array, days: Array) -> tuple[Array, Array]:
    first = np.maximum(MONTHS_A_YEAR, -(contracts.start_month // MONTHS_A_YEAR) * MONTHS_A_YEAR)
    months = contracts.start.astype("datetime64[s]").astype("datetime64[M]") + first
    pause = months.astype("datetime64[s]").astype(np.int64) + (contracts.day - 1) * DAY
    resume = pause + days * DAY
    happens = wanted & (resume + 30 * DAY < leaves)
    return np.where(happens, pause, 0), np.where(happens, resume, 0)


def _start_months(parameters: Parameters, n: int, calendar: Calendar, rng: np.random.Generator) -> Array:
    """Some are there from before the first month, the others arrive evenly."""
    established = 1.0 / (1.0 + parameters.expected_churn * calendar.n_months)
    before = -1 - rng.exponential(20.0, n).astype(np.int64)
    return np.where(rng.random(n) < established, before, rng.integers(0, calendar.n_months, n))


def _seats(parameters: Parameters, firms: Firms, rng: np.random.Generator) -> Array:
    typical = np.array([kind.seats for kind in parameters.behaviours])[firms.behaviour]
    scale = (firms.employees / 60.0) ** 0.12
    return np.asarray(np.maximum(1, np.round(typical * scale * np.exp(0.25 * rng.standard_normal(len(firms))))))
