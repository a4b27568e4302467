"""The histories of accounts as the feature worker reads them: from the store once, and then only what is new."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from features.account_events import AccountEvents
from features.online import Relative
from features.plain_rows import instant
from features.relatives import MOST_RELATIVES
from serving.about import About
from serving.account_rows import rows_of
from serving.accounts import Claim, relatives
from serving.live_rows import Since, rows_since
from serving.store_tables import ACCOUNTS

MOST_BYTES = 400_000_000

_STATE = select(ACCOUNTS.c.account_id, ACCOUNTS.c.batch, ACCOUNTS.c.version).where(
    ACCOUNTS.c.account_id.in_(bindparam("account_ids", expanding=True))
)


@dataclass(frozen=True)
class History:
    """What is known of an account: its events, from which filling of the store, and up to which version of its rows."""

    events: AccountEvents
    batch: int
    version: int
    about: About


class Histories:
    """Histories by account; those asked for last are kept at hand, up to so many bytes."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[str, History] = OrderedDict()
        self._bytes = 0

    def of(self, connection: Connection, account_ids: Sequence[str]) -> dict[str, History]:
        """Return the histories of accounts, as a snapshot of the store has them."""
        state = {
            account_id: (batch, version)
            for account_id, batch, version in connection.execute(_STATE, {"account_ids": account_ids})
        }
        kept = {a: self._kept[a] for a in state if a in self._kept and self._kept[a].batch == state[a][0]}
        behind = [a for a in kept if kept[a].version != state[a][1]]
        late = rows_since(connection, [Since(a, kept[a].version) for a in behind])
        found = dict(kept)
        for account_id in behind:
            events = kept[account_id].events.extended([(table, row) for table, row, _ in late[account_id]])
            if events is None:
                del found[account_id]
            else:
                found[account_id] = History(events, *state[account_id], kept[account_id].about)
        lacking = {a: state[a] for a in state if a not in found}
        found |= _read(connection, lacking)
        self._keep(found)
        return found

    def _keep(self, found: dict[str, History]) -> None:
        for account_id, history in found.items():
            self._drop(account_id)
            self._kept[account_id] = history
            self._bytes += _n_bytes(history)
        while self._bytes > self.most_bytes and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, account_id: str) -> None:
        if account_id in self._kept:
            self._bytes -= _n_bytes(self._kept.pop(account_id))


def around(connection: Connection, claims: Sequence[Claim]) -> dict[str, list[Relative]]:
    """Return the accounts below and beside each of some accounts, itself among those."""
    parents = {claim.account_id for claim in claims} | {c.parent_account_id for c in claims if c.parent_account_id}
    below: dict[str, list[Relative]] = {parent: [] for parent in parents}
    # One more than count, since an account is no sibling of its own.
    for account_id, parent, created in relatives(connection, parents, MOST_RELATIVES + 1):
        below[parent].append(Relative(account_id, parent, None if created is None else instant(created)))
    return {c.account_id: below[c.account_id] + below.get(c.parent_account_id or "", []) for c in claims}


def _read(connection: Connection, state: dict[str, tuple[int, int]]) -> dict[str, History]:
    """Histories from all that the store holds of accounts, of which batch and version are known."""
    if not state:
        return {}
    return {
        account_id: History(AccountEvents.of(account_id, rows), *state[account_id], About.of(rows))
        for account_id, rows in rows_of(connection, list(state)).items()
    }


def _n_bytes(history: History) -> int:
    return int(history.events.table.nbytes + history.events.keys.nbytes) + 2_000
