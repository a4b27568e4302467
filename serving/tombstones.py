"""Who was forgotten and must not come back: known again when it comes, and told to nobody."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, delete, insert, select

from serving.store import Store
from serving.store_tables import FORGOTTEN
from serving.vocabulary import FeatureRow


class Tombstones:
    """The accounts that a store has forgotten, as salted hashes, as they were when this was made.

    Who holds the store and guesses an id can tell whether it was forgotten; nothing else of it is there.

    >>> store = Store("sqlite://")
    >>> with store.alone() as connection:
    ...     bury(connection, "A-1", now=1.0)
    ...     Tombstones(connection).among(["A-1", "A-2"])
    {'A-1'}
    """

    def __init__(self, connection: Connection) -> None:
        held = connection.execute(select(FORGOTTEN.c.hash, FORGOTTEN.c.salt)).all()
        self._hashes = {row.hash for row in held}
        self._salt = held[0].salt if held else ""

    def among(self, account_ids: Iterable[str]) -> set[str]:
        """Return those of some accounts that were forgotten."""
        if not self._hashes:
            return set()
        return {account_id for account_id in account_ids if _hash(self._salt, account_id) in self._hashes}

    def without(self, rows: Iterable[FeatureRow]) -> Iterator[FeatureRow]:
        """Yield rows, but for those of forgotten accounts."""
        return (row for row in rows if row.account_id is None or not self.among([row.account_id]))


def tombstones_of(store: Store) -> Tombstones:
    """Return the tombstones of a store."""
    with store.engine.connect() as connection:
        return Tombstones(connection)


def bury(connection: Connection, account_id: str, now: float) -> None:
    """Remember, in the transaction of the connection, that an account was forgotten."""
    salt = connection.scalar(select(FORGOTTEN.c.salt).limit(1)) or secrets.token_hex(16)
    hashed = _hash(salt, account_id)
    if connection.scalar(select(FORGOTTEN.c.hash).where(FORGOTTEN.c.hash == hashed)) is None:
        connection.execute(insert(FORGOTTEN).values(hash=hashed, salt=salt, forgotten_at=now))


def allow_again(store: Store, account_id: str) -> bool:
    """Let an account come back; return whether it was forgotten."""
    with store.alone() as connection:
        salt = connection.scalar(select(FORGOTTEN.c.salt).limit(1)) or ""
        is_it = FORGOTTEN.c.hash == _hash(salt, account_id)
        return bool(connection.execute(delete(FORGOTTEN).where(is_it)).rowcount)


def _hash(salt: str, account_id: str) -> str:
    return hashlib.sha256(f"{salt}{account_id}".encode()).hexdigest()
