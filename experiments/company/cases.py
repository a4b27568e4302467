"""The table `cases`: requests for help and how they were met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.company.arrays import HOUR, NEVER, Array, identifiers, in_order, labels, scattered, timestamps
from experiments.company.calendar import delays
from experiments.company.rows import Rows
from experiments.company.world import World

PRIORITIES = ("low", "normal", "high", "urgent")
CATEGORIES = ("how to", "defect", "billing", "outage", "access")


@dataclass(frozen=True, slots=True)
class Cases:
    """One entry a case in every array, in the order of time; a moment nobody knows yet is NEVER."""

    month: Array
    account: Array
    opened: Array
    responded: Array
    closed: Array
    wait_hours: Array
    contact: Array


def opened_cases(world: World) -> Cases:
    """Return all cases; what would have come after the account left, or after the observation, is not known."""
    rng = world.streams.of("case times")
    months, accounts = scattered(world.history.cases * world.living())
    opened = world.calendar.moments(months, rng)
    alive = world.is_alive(accounts, opened)
    order = np.nonzero(alive)[0][in_order(opened[alive], accounts[alive])]
    months, accounts, opened = months[order], accounts[order], opened[order]
    wait = delays(rng, world.history.response_hours[months, accounts] * HOUR, spread=0.2, size=len(months))
    work = delays(rng, 20.0 * HOUR, spread=0.9, size=len(months))
    responded = _if_alive(world, accounts, opened + wait)
    return Cases(
        month=months,
        account=accounts,
        opened=opened,
        responded=responded,
        # What would have been answered while the service paused is not taken up again.
        closed=np.where(responded == NEVER, NEVER, _if_alive(world, accounts, opened + wait + work)),
        wait_hours=wait / HOUR,
        contact=world.people.user(accounts, opened, rng),
    )


def case_rows(world: World, cases: Cases) -> Rows:
    """Return the table `cases`; escalation goes along with waiting and does nothing by itself."""
    rng = world.streams.of("case details")
    size = len(cases.opened)
    codes = {
        "account": cases.account,
        "opened": cases.opened,
        "responded": cases.responded,
        "closed": cases.closed,
        "contact": cases.contact,
        "priority": rng.choice(4, size, p=[0.2, 0.5, 0.22, 0.08]),
        "category": _categories(world, cases, rng),
        "is_escalated": rng.random(size) < 0.03 + 0.2 * (cases.wait_hours > world.parameters.slow_hours),
        "reopened": rng.poisson(0.12, size),
    }
    return Rows(pd.DataFrame(codes, copy=False), _spelled)


def _spelled(codes: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case_id": identifiers("K", codes.index.to_numpy()),
            "account_id": identifiers("A", codes["account"].to_numpy()),
            "opened_at": timestamps(codes["opened"].to_numpy()),
            "first_response_at": timestamps(codes["responded"].to_numpy()),
            "closed_at": timestamps(codes["closed"].to_numpy()),
            "priority": labels(PRIORITIES, codes["priority"].to_numpy()),
            "category": labels(CATEGORIES, codes["category"].to_numpy()),
            "is_escalated": codes["is_escalated"].to_numpy(),
            "reopened_count": codes["reopened"].to_numpy(),
            "contact_id": identifiers("C", codes["contact"].to_numpy()),
            "touchpoint": labels(("support",), np.zeros(len(codes), dtype=np.int64)),
        }
    )


def _categories(world: World, cases: Cases, rng: np.random.Generator) -> Array:
    """Some cases of a month with trouble are about it."""
    usual = np.array([0, 1, 4])[rng.choice(3, len(cases.opened), p=[0.5, 0.3, 0.2])]
    about = rng.random(len(usual)) < 0.6
    billing = world.shocks.billing_error[cases.month, cases.account] & about
    outage = world.shocks.outage[cases.month, cases.account] & about
    return np.where(billing, 2, np.where(outage, 3, usual))


def _if_alive(world: World, accounts: Array, at: Array) -> Array:
    return np.where(world.is_alive(accounts, at), at, NEVER)
