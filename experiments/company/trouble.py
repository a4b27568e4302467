"""What the supplier does to the account and the account minds: outages, billing errors, dearer prices, slow starts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.company.activities import Stream
from experiments.company.arrays import DAY, HOUR, Array
from experiments.company.world import World


def trouble_streams(world: World) -> Iterator[Stream]:
    """Yield outages (minutes), billing errors, announced price rises (percent) and completed onboardings (days)."""
    rng = world.streams.of("trouble")
    accounts, at = _moments(world, world.shocks.outage, rng)
    minutes = np.round(45 * np.exp(0.8 * rng.standard_normal(len(at))) + 5)
    yield Stream(("outage",), accounts, at, value=minutes, channel="web", direction="out")
    accounts, at = _moments(world, world.shocks.billing_error, rng)
    yield Stream(("billing_error",), accounts, at, touchpoint="invoicing", channel="email", direction="out")
    yield _price_rises(world, rng)
    yield _onboardings(world, rng)


def _moments(world: World, happens: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    months, accounts = np.nonzero(happens & world.living())
    return accounts, world.calendar.moments(months, rng)


def _price_rises(world: World, rng: np.random.Generator) -> Stream:
    """Announced 30 to 45 days before the new price."""
    months, accounts = np.nonzero(world.shocks.price_rise)
    before = (rng.uniform(30, 45, len(months)) * DAY).astype(np.int64)
    at = world.calendar.day(months, world.contracts.day[accounts]) + 11 * HOUR - before
    contact = world.people.primary(accounts, at)
    percent = (100 * world.shocks.price_rise[months, accounts]).round(1)
    return Stream(("price_rise_announced",), accounts, at, None, contact, percent, "renewal", "email", "out")


def _onboardings(world: World, rng: np.random.Generator) -> Stream:
    accounts = np.nonzero(world.contracts.start_month >= 0)[0]
    days = world.contracts.onboarding_days[accounts]
    at = world.contracts.created[accounts] + (days * DAY).astype(np.int64)
    contact = world.people.user(accounts, at, rng)
    return Stream(("onboarding_completed",), accounts, at, None, contact, days.round(), "onboarding", "meeting")
