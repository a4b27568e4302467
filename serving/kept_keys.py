"""The keys in the online store: created, listed, rotated, revoked."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import insert, select, update

from features.errors import ConfigError
from serving.keys import Key, checked_scopes, make_key
from serving.store import Store
from serving.store_tables import API_KEYS

DAY_SECONDS = 86_400.0
LONGEST_LABEL = 128
LONGEST_DAYS = 3_650


class KeptKeys:
    """All keys that were ever created, in the store, each with the digest of its text, never the text.

    >>> keys = KeptKeys(Store("sqlite://"))
    >>> text = keys.create("crm", ["predict"], days=30)
    >>> [key.label for key in keys.all() if key.is_of(text)]
    ['crm']
    """

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self.store = store
        self.now = now

    def all(self) -> list[Key]:
        """Return every key, live or not, the oldest first."""
        with self.store.engine.connect() as connection:
            found = connection.execute(select(API_KEYS).order_by(API_KEYS.c.created_at, API_KEYS.c.key_id))
            return [_key(row) for row in found.mappings()]

    def create(self, label: str, scopes: Collection[str], *, days: float | None = None) -> str:
        """Return the text of a new key, which nobody can read again; it lives for `days`, None: until it is revoked.

        Raises
        ------
        ConfigError
            When a scope is not known, the label is empty or long, or the days are not above 0.
        """
        if not 1 <= len(label.strip()) <= LONGEST_LABEL:
            came = f"a label of {len(label)} characters"
            raise ConfigError.of(came, f"1 to {LONGEST_LABEL}", "say who will hold the key")
        if days is not None and not 0 < days <= LONGEST_DAYS:
            raise ConfigError.of(f"{days:g} days", f"more than 0, at most {LONGEST_DAYS}", "leave them out for no end")
        return self._add(label.strip(), checked_scopes(scopes), None if days is None else days * DAY_SECONDS)

    def rotate(self, key_id: str, *, grace_seconds: float) -> str:
        """Return the text of a key with the same label, scopes and length of life; the old one lives on for the grace.

        Raises
        ------
        ConfigError
            When there is no such key, or it is no longer live.
        """
        old, now = self._live(key_id), self.now()
        life = None if old.expires_at is None else old.expires_at - old.created_at
        text = self._add(old.label, old.scopes, life)
        ends = now + grace_seconds if old.expires_at is None else min(old.expires_at, now + grace_seconds)
        self._set(key_id, expires_at=ends)
        return text

    def revoke(self, key_id: str) -> None:
        """End a key's life now.

        Raises
        ------
        ConfigError
            When there is no such key, or it is no longer live.
        """
        self._live(key_id)
        self._set(key_id, revoked_at=self.now())

    def _live(self, key_id: str) -> Key:
        for key in self.all():
            if key.key_id == key_id and key.is_live(self.now()):
                return key
        came = f"the key id {key_id[:40]!r}"
        raise ConfigError.of(came, "the id of a live key", "see `perennial keys list`")

    def _add(self, label: str, scopes: frozenset[str], life_seconds: float | None) -> str:
        made, now = make_key(), self.now()
        row = {
            "key_id": made.key_id,
            "hash": made.digest,
            "label": label,
            "scopes": " ".join(sorted(scopes)),
            "created_at": now,
            "expires_at": None if life_seconds is None else now + life_seconds,
        }
        with self.store.alone() as connection:
            connection.execute(insert(API_KEYS).values(row))
        return made.text

    def _set(self, key_id: str, **values: float) -> None:
        with self.store.alone() as connection:
            connection.execute(update(API_KEYS).where(API_KEYS.c.key_id == key_id).values(values))


def _key(row: Any) -> Key:
    return Key(
        row["key_id"],
        row["hash"],
        row["label"],
        frozenset(row["scopes"].split()),
        row["created_at"],
        row["expires_at"],
        row["revoked_at"],
    )
