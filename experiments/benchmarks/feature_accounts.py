"""Who the seeded events of `feature_tables` belong to: accounts, their contacts, their subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.benchmarks.feature_data import DAY, END, FIRST, account_ids, activity_tickets
from features.tables import ROLES

Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

STARTS, ENDS = (int(day.astype(np.int64)) * DAY for day in (FIRST, END))
PLANS = ("Basic", "Team", "Business", "Enterprise")
PRICES = np.array([9.0, 19.0, 39.0, 79.0])


@dataclass(frozen=True)
class Firms:
    """Accounts as numbers; times are microseconds since 1970.

    Account i was there from `created` until `left` (which may lie after the end of the data), its contacts are those
    from `first_contact[i]` to `first_contact[i + 1]`, and `tickets` names it as often as it is active.
    """

    ids: pa.Array
    contact_ids: pa.Array
    created: Int
    left: Int
    first_contact: Int
    tickets: NDArray[np.int32]

    def alive(self, account: NDArray[np.int32], at: Int) -> Bool:
        """Which events happened while their account was there."""
        return np.asarray((self.created[account] <= at) & (at < self.left[account]))

    def contact(self, rng: np.random.Generator, account: NDArray[np.int32], share: float = 0.85) -> pa.Array:
        """Return a contact of each account, null for all but a share."""
        first, count = self.first_contact[account], np.diff(self.first_contact)[account]
        number = first + (rng.random(len(account)) * count).astype(np.int64)
        return self.contact_ids.take(pa.array(number, mask=rng.random(len(account)) >= share))


def firms(accounts: int, seed: int) -> Firms:
    """Return the accounts: most are there before the events begin, one in eight leaves."""
    rng = np.random.default_rng([seed, 2000])
    age = np.where(rng.random(accounts) < 0.9, -rng.integers(1, 3000, accounts), rng.integers(0, 330, accounts))
    created = STARTS + age * DAY
    leaves = STARTS + rng.integers(180, 760, accounts) * DAY
    first_contact = np.append(0, np.cumsum(1 + rng.poisson(1.2, accounts)))
    return Firms(
        ids=account_ids(np.arange(accounts)),
        contact_ids=pa.array([f"C{number:07d}" for number in range(int(first_contact[-1]))]),
        created=created,
        left=np.where(rng.random(accounts) < 0.125, np.maximum(leaves, created + 60 * DAY), ENDS + 9999 * DAY),
        first_contact=first_contact,
        tickets=activity_tickets(accounts, seed),
    )


def times(at: Int, known: Bool | None = None) -> pa.Array:
    """Return timestamps, null where not known and from the end of the data on.

    >>> times(np.array([0, 10**18])).to_pylist()
    [datetime.datetime(1970, 1, 1, 0, 0), None]
    """
    there = at < ENDS if known is None else known & (at < ENDS)
    return pa.array(at, pa.timestamp("us"), mask=~there)


def names(words: Sequence[str], codes: NDArray[np.integer]) -> pa.Array:
    """Return the word behind every code, null for a negative one.

    >>> names(("in", "out"), np.array([1, -1])).to_pylist()
    ['out', None]
    """
    return pa.array(words).take(pa.array(codes, mask=codes < 0))


def accounts_table(all_of_them: Firms, seed: int) -> pa.Table:
    """Return the table `accounts`: four in ten are part of another account."""
    rng, n = np.random.default_rng([seed, 2001]), len(all_of_them.ids)
    parent = np.arange(n) // 10 * 10
    is_child = (rng.random(n) < 0.4) & (parent != np.arange(n))
    employees = np.round(rng.lognormal(4.5, 1.4, n)) + 1
    return pa.table(
        {
            "account_id": all_of_them.ids,
            "name": pa.array([f"Company {number}" for number in range(n)]),
            "parent_account_id": all_of_them.ids.take(pa.array(parent, mask=~is_child)),
            "created_at": times(all_of_them.created),
            "industry": names([f"Industry {i}" for i in range(12)], rng.integers(-1, 12, n)),
            "country": names([f"Country {i}" for i in range(20)], rng.integers(0, 20, n)),
            "region": names([f"Region {i}" for i in range(5)], rng.integers(0, 5, n)),
            "plan": names(PLANS, rng.integers(0, len(PLANS), n)),
            "employees": pa.array(employees, mask=rng.random(n) < 0.05),
            "annual_revenue": np.round(employees * rng.lognormal(11.5, 0.6, n), -3),
            "owner": names([f"Owner {i}" for i in range(50)], rng.integers(0, 50, n)),
        }
    )


def account_changes_table(accounts: pa.Table, all_of_them: Firms, seed: int) -> pa.Table:
    """Return the table `account_changes`: how some owners, plans and sizes came to be what `accounts` says."""
    parts = []
    for number, (column, share) in enumerate({"owner": 0.3, "plan": 0.15, "employees": 0.2}.items()):
        rng = np.random.default_rng([seed, 2004, number])
        changed = np.nonzero(rng.random(len(accounts)) < share)[0]
        values = accounts[column].cast(pa.string())
        at = np.maximum(all_of_them.created[changed], STARTS) + rng.integers(DAY, 400 * DAY, len(changed))
        part = {
            "change_id": changed * 8 + number,
            "account_id": all_of_them.ids.take(pa.array(changed)),
            "changed_at": pa.array(np.minimum(at, ENDS - 1), pa.timestamp("us")),
            "column": [column] * len(changed),
            "old_value": values.take(pa.array(rng.permutation(changed))),
            "new_value": values.take(pa.array(changed)),
        }
        parts.append(pa.table(part))
    return pa.concat_tables(parts)


def contacts_table(all_of_them: Firms, seed: int) -> pa.Table:
    """Return the table `contacts`: one in six has left."""
    rng, n = np.random.default_rng([seed, 2002]), len(all_of_them.contact_ids)
    account = np.repeat(np.arange(len(all_of_them.ids)), np.diff(all_of_them.first_contact))
    came = all_of_them.created[account] + rng.integers(0, 400, n) * DAY
    gone = np.maximum(came, STARTS) + rng.integers(30, 900, n) * DAY
    return pa.table(
        {
            "contact_id": all_of_them.contact_ids,
            "account_id": all_of_them.ids.take(pa.array(account)),
            "role": names(ROLES, rng.integers(-1, len(ROLES), n)),
            "is_primary": np.append(True, np.diff(account) != 0),
            "active_from": times(np.minimum(came, ENDS - DAY)),
            "active_to": times(gone, (rng.random(n) < 0.25) & (came < ENDS - DAY)),
        }
    )


def subscriptions_table(all_of_them: Firms, seed: int) -> pa.Table:
    """Return the table `subscriptions`: one from the first day on, for a third another one after it."""
    rng, n = np.random.default_rng([seed, 2003]), len(all_of_them.ids)
    began, left = all_of_them.created, all_of_them.left
    changed = np.maximum(began, STARTS) + rng.integers(30, 700, n) * DAY
    changes = (rng.random(n) < 0.35) & (changed < np.minimum(left, ENDS))
    again = np.nonzero(changes)[0]
    account = np.append(np.arange(n), again)
    ends = np.append(np.where(changes, changed, left), left[again])
    plan, seats = rng.integers(0, len(PLANS), len(account)), np.round(rng.lognormal(2.5, 1.0, len(account))) + 1
    return pa.table(
        {
            "subscription_id": np.arange(len(account)),
            "account_id": all_of_them.ids.take(pa.array(account)),
            "start_date": times(np.append(began, changed[again])),
            "end_date": times(ends),
            "mrr": np.round(seats * PRICES[plan] * rng.uniform(0.7, 1.0, len(account)), 2),
            "quantity": seats,
            "plan": names(PLANS, plan),
            "is_auto_renew": rng.random(len(account)) < 0.6,
            "billing_period_months": np.array([1.0, 3.0, 12.0])[rng.integers(0, 3, len(account))],
        }
    )
