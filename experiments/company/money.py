"""The tables `subscriptions` and `transactions`: what was agreed, and what was invoiced."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.company.arrays import DAY, HOUR, NEVER, Array, identifiers, in_order, labels, timestamps
from experiments.company.planted import PLANS
from experiments.company.rows import Rows
from experiments.company.world import World

PRODUCTS = ("subscription", "usage beyond plan", "training", "credit")


def price_levels(world: World) -> Array:
    """Return each account's price in each month (months x accounts), 1 being the first one."""
    return np.asarray(np.cumprod(1.0 + world.shocks.price_rise[:-1], axis=0))


def subscriptions_table(world: World) -> pd.DataFrame:
    """Return the table `subscriptions`: a new row where the price changed, or where service paused."""
    accounts, starts, levels = _terms(world)
    contracts = world.contracts
    follows = np.append(accounts[1:] == accounts[:-1], False)
    next_start = np.append(starts[1:], NEVER)
    resumes = follows & (next_start == world.resumes[accounts]) & (world.resumes[accounts] > 0)
    left = np.where(world.history.leaves[accounts] < world.calendar.end, world.history.leaves[accounts], NEVER)
    ends = np.where(follows, np.where(resumes, world.pauses[accounts], next_start), left)
    return pd.DataFrame(
        {
            "subscription_id": identifiers("S", np.arange(len(accounts))),
            "account_id": identifiers("A", accounts),
            "start_date": timestamps(starts),
            "end_date": timestamps(ends),
            "mrr": (contracts.mrr[accounts] * levels).round(2),
            "quantity": contracts.seats[accounts].astype(np.int64),
            "plan": labels(PLANS, contracts.plan[accounts]),
            "is_auto_renew": contracts.is_auto_renew[accounts],
            "billing_period_months": contracts.period_months[accounts],
        }
    )


def _terms(world: World) -> tuple[Array, Array, Array]:
    """Return account, start and price level of every term, by account and time."""
    contracts, levels = world.contracts, price_levels(world)
    months, accounts = np.nonzero(world.shocks.price_rise[:-1])
    renewed = world.calendar.day(months, contracts.day[accounts])
    inside = (renewed < world.last_seconds[accounts]) & (renewed != world.pauses[accounts])
    months, accounts, renewed = months[inside], accounts[inside], renewed[inside]
    paused = np.nonzero(world.resumes > 0)[0]
    resumed_month = np.searchsorted(world.calendar.starts, world.pauses[paused], side="right") - 1
    everyone = np.arange(len(world.firms))
    account = np.concatenate([everyone, accounts, paused])
    start = np.concatenate([contracts.start, renewed, world.resumes[paused]])
    level = np.concatenate([np.ones(len(everyone)), levels[months, accounts], levels[resumed_month, paused]])
    order = np.lexsort((start, account))
    return account[order], start[order], level[order]


def transaction_rows(world: World) -> Rows:
    """Return the table `transactions`: monthly invoices, a few extras, and credits for billing errors."""
    lines = pd.concat([pd.DataFrame(part) for part in (_invoices(world), _extras(world), _credits(world))])
    lines = lines[world.is_alive(lines["account"].to_numpy(), lines["at"].to_numpy())]
    order = in_order(lines["at"].to_numpy(), lines["account"].to_numpy())
    return Rows(lines.take(order).reset_index(drop=True), _spelled)


def _spelled(lines: pd.DataFrame) -> pd.DataFrame:
    product = lines["product"].to_numpy()
    return pd.DataFrame(
        {
            "transaction_id": identifiers("T", lines.index.to_numpy()),
            "account_id": identifiers("A", lines["account"].to_numpy()),
            "occurred_at": timestamps(lines["at"].to_numpy()),
            "amount": lines["amount"].to_numpy().round(2),
            "product": labels(PRODUCTS, product),
            "is_return": product == PRODUCTS.index("credit"),
        }
    )


def _invoice_times(world: World, months: Array, accounts: Array, rng: np.random.Generator) -> Array:
    night = ((18 + 4 * rng.random(len(months))) * HOUR).astype(np.int64)
    return np.asarray(world.calendar.day(months, world.contracts.day[accounts]) + night)


def _invoices(world: World) -> dict[str, Array]:
    months, accounts = np.nonzero(world.living())
    at = _invoice_times(world, months, accounts, world.streams.of("invoices"))
    amount = world.contracts.mrr[accounts] * price_levels(world)[months, accounts]
    return {"account": accounts, "at": at, "amount": amount, "product": np.zeros(len(months), dtype=np.int64)}


def _extras(world: World) -> dict[str, Array]:
    rng = world.streams.of("extras")
    months, accounts = np.nonzero(world.counts("extra purchases", 0.06 * np.exp(world.history.engagement)))
    amount = world.contracts.mrr[accounts] * rng.uniform(0.1, 0.6, len(months))
    at = world.calendar.moments(months, rng)
    return {"account": accounts, "at": at, "amount": amount, "product": 1 + rng.choice(2, len(months), p=[0.7, 0.3])}


def _credits(world: World) -> dict[str, Array]:
    """A billing error is corrected some days later by a credit for what was charged too much."""
    rng = world.streams.of("credits")
    months, accounts = np.nonzero(world.shocks.billing_error & world.living())
    at = _invoice_times(world, months, accounts, rng) + rng.integers(2, 15, len(months)) * DAY
    amount = -world.contracts.mrr[accounts] * rng.uniform(0.05, 0.5, len(months))
    return {"account": accounts, "at": at, "amount": amount, "product": np.full(len(months), 3)}
