"""Who was forgotten and must not come back: known again when it comes, and told to nobody."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Connection, delete, insert, select

from serving.store import Store
from serving.store_tables import FORGOTTEN
from serving.vocabulary import FeatureRow


class Tombstones:
    """The accounts that a store has forgotten, as salted hashes.

    Who holds the store and guesses an id can tell whether it was forgotten; nothing else of it is there.

    >>> tombstones = Tombstones(Store("sqlite://"))
    >>> with tombstones.store.alone() as connection:
    ...     tombstones.put(connection, "A-1", now=1.0)
    >>> tombstones.among(["A-1", "A-2"])
    {'A-1'}
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def put(self, connection: Connection, account_id: str, now: float) -> None:
        """Remember, in the transaction of the connection, that an account was forgotten."""
        salt = connection.scalar(select(FORGOTTEN.c.salt).limit(1)) or secrets.token_hex(16)
        hashed = _hash(salt, account_id)
        if connection.scalar(select(FORGOTTEN.c.hash).where(FORGOTTEN.c.hash == hashed)) is None:
            connection.execute(insert(FORGOTTEN).values(hash=hashed, salt=salt, forgotten_at=now))

    def lift(self, account_id: str) -> bool:
        """Let an account come back; return whether it was forgotten."""
        with self.store.alone() as connection:
            salt = connection.scalar(select(FORGOTTEN.c.salt).limit(1))
            hashed = _hash(salt or "", account_id)
            return bool(connection.execute(delete(FORGOTTEN).where(FORGOTTEN.c.hash == hashed)).rowcount)

    def among(self, account_ids: Iterable[str]) -> set[str]:
        """Return those of some accounts that were forgotten."""
        with self.store.engine.connect() as connection:
            held = {tuple(row) for row in connection.execute(select(FORGOTTEN.c.hash, FORGOTTEN.c.salt))}
        return _among(held, account_ids)

    def without(self, rows: Iterable[FeatureRow]) -> Iterator[FeatureRow]:
        """Yield rows, but for those of forgotten accounts; who is forgotten is asked once, before the first."""
        with self.store.engine.connect() as connection:
            held = {tuple(row) for row in connection.execute(select(FORGOTTEN.c.hash, FORGOTTEN.c.salt))}
        for row in rows:
            if row.account_id is None or not _among(held, [row.account_id]):
                yield row


def _among(held: Collection[tuple[str, ...]], account_ids: Iterable[str]) -> set[str]:
    if not held:
        return set()
    hashes, (salt, *_) = {hashed for hashed, _ in held}, {salt for _, salt in held}
    return {account_id for account_id in account_ids if _hash(salt, account_id) in hashes}


def _hash(salt: str, account_id: str) -> str:
    return hashlib.sha256(f"{salt}{account_id}".encode()).hexdigest()
