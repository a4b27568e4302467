"""The people at the accounts: who they are, when they come and go, who is there at a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.company.arrays import DAY, HOUR, NEVER, UNKNOWN, Array, identifiers, labels, timestamps
from experiments.company.contracts import Contracts
from experiments.company.shocks import Shocks
from experiments.company.streams import Streams

PRIMARY_ROLES = ("Decision Maker", "Economic Buyer", "Executive Sponsor", "Economic Decision Maker")
USER_ROLES = ("Business User", "Technical Buyer", "Influencer", "Evaluator", "Other")
ROLES = PRIMARY_ROLES + USER_ROLES


@dataclass(frozen=True, slots=True)
class People:
    """One entry a contact in every array, first the primary ones (contact number = account number), then the others."""

    account: Array
    role: Array
    is_primary: Array
    arrives: Array
    leaves: Array
    first_user: Array
    """An account's first contact who is not primary; one entry an account."""
    n_users: Array
    successor: Array
    """Contact who follows the primary one, UNKNOWN where nobody does; one entry an account."""

    def user(self, accounts: Array, at: Array, rng: np.random.Generator) -> Array:
        """Return one of each account's users, UNKNOWN where the person is not there at that moment."""
        chosen = self.first_user[accounts] + (rng.random(len(accounts)) * self.n_users[accounts]).astype(np.int64)
        return self._if_there(chosen, at)

    def primary(self, accounts: Array, at: Array) -> Array:
        """Return each account's primary contact at a moment, UNKNOWN while the place is empty."""
        successor = self.successor[accounts]
        return np.where(at < self.leaves[accounts], accounts, self._if_there(successor, at))

    def _if_there(self, contacts: Array, at: Array) -> Array:
        there = (at >= self.arrives[contacts]) & (at < self.leaves[contacts]) & (contacts != UNKNOWN)
        return np.where(there, contacts, UNKNOWN)


def employ(contracts: Contracts, shocks: Shocks, last_seconds: Array, *, streams: Streams) -> People:
    """Return everyone at the accounts; primary contacts leave as the shocks say, most are followed by someone."""
    rng = streams.of("people")
    n = len(contracts.start)
    n_users = 1 + rng.binomial(4, np.clip(0.15 + 0.16 * np.log10(contracts.seats), 0.1, 0.9))
    user_accounts = np.repeat(np.arange(n), n_users)
    exits = np.where(shocks.champion_leaves < last_seconds, shocks.champion_leaves, NEVER)
    arrival = np.where(exits == NEVER, 0, exits) + (rng.uniform(15, 75, n) * DAY).astype(np.int64)
    followed = np.nonzero((exits != NEVER) & (rng.random(n) < 0.8) & (arrival < last_seconds))[0]
    successor = np.full(n, UNKNOWN)
    successor[followed] = n + len(user_accounts) + np.arange(len(followed))
    parts = [np.arange(n), user_accounts, followed]
    return People(
        account=np.concatenate(parts),
        role=np.concatenate([rng.choice(4, n), 4 + _user_roles(len(user_accounts), rng), rng.choice(4, len(followed))]),
        is_primary=np.repeat([True, False, True], [len(part) for part in parts]),
        arrives=np.concatenate([contracts.created, contracts.created[user_accounts], arrival[followed]]),
        leaves=np.concatenate(
            [exits, _user_exits(contracts, user_accounts, last_seconds, rng), np.full(len(followed), NEVER)]
        ),
        first_user=n + np.cumsum(n_users) - n_users,
        n_users=n_users,
        successor=successor,
    )


def contacts_table(people: People) -> pd.DataFrame:
    """Return the table `contacts`."""
    return pd.DataFrame(
        {
            "contact_id": identifiers("C", np.arange(len(people.account))),
            "account_id": identifiers("A", people.account),
            "role": labels(ROLES, people.role),
            "is_primary": people.is_primary,
            "active_from": timestamps(people.arrives),
            "active_to": timestamps(people.leaves),
        }
    )


def _user_roles(size: int, rng: np.random.Generator) -> Array:
    return rng.choice(5, size, p=[0.5, 0.2, 0.15, 0.1, 0.05])


def _user_exits(contracts: Contracts, accounts: Array, last_seconds: Array, rng: np.random.Generator) -> Array:
    """One user in eight goes some day while the account is served, during working hours."""
    days = rng.uniform(30, 1100, len(accounts)).astype(np.int64)
    at = contracts.start[accounts] + days * DAY + (rng.uniform(8, 18, len(accounts)) * HOUR).astype(np.int64)
    happens = (rng.random(len(accounts)) < 0.12) & (at < last_seconds[accounts])
    return np.where(happens, at, NEVER)
