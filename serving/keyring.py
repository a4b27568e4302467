"""The keys that a worker knows: read from the store every so often, so that a request costs no query."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from serving.errors import Refusal
from serving.kept_keys import KeptKeys
from serving.keys import Key, digest_of, key_id_of
from serving.sessions import is_session, key_id_in

OLDEST_SECONDS = 60.0
"""What was read longer ago opens nothing: a key may have been revoked since, and the store does not say."""
ASK = "send the header Authorization: Bearer KEY, with a key of `perennial keys create`"
SIGN_IN = "sign in at /dashboard/sign-in with a key for read"
BEARER = {"WWW-Authenticate": "Bearer"}


class Keyring:
    """Says whose key a request carries.

    A key that was created or revoked counts from the next `refresh` on.
    """

    def __init__(self, kept: KeptKeys, clock: Callable[[], float] = time.monotonic) -> None:
        self.kept = kept
        self.clock = clock
        self._keys: Mapping[str, Key] = {}
        self._read_at = float("-inf")

    def refresh(self) -> None:
        """Read the keys anew; where the store does not answer, those read before stay for a minute."""
        began = self.clock()
        try:
            self._keys = {key.key_id: key for key in self.kept.all()}
        except SQLAlchemyError:
            return
        self._read_at = began

    def key_of(self, header: str) -> Key:
        """Return the live key of a header `Authorization`.

        Raises
        ------
        Refusal
            When there is none, or it opens nothing: all in the same words, so that nobody learns which keys there are.
        """
        self._check_fresh()
        kind, _, text = header.partition(" ")
        if kind.lower() != "bearer" or not text:
            raise Refusal("unauthorized", f"got no key; expected one; {ASK}", headers=BEARER)
        key = self._keys.get(key_id_of(text) or "")
        # a key that is not there takes as long as one that is wrong
        is_right = key.is_of(text) if key else not digest_of(text)
        if key is None or not is_right or not key.is_live(self.kept.now()):
            raise Refusal("unauthorized", f"got a key that opens nothing; expected a live one; {ASK}", headers=BEARER)
        return key

    def key_of_session(self, token: str) -> Key:
        """Return the live key with which somebody signed in.

        Raises
        ------
        Refusal
            When the session is over, or there never was one.
        """
        self._check_fresh()
        key = self._keys.get(key_id_in(token) or "")
        now = self.kept.now()
        if key is None or not is_session(token, key, now) or not key.is_live(now):
            raise Refusal("unauthorized", f"got no session; expected one; {SIGN_IN}", headers=BEARER)
        return key

    def _check_fresh(self) -> None:
        if self.clock() - self._read_at > OLDEST_SECONDS:
            raise Refusal("store_unavailable", "the store that holds the keys does not answer; ask again in a minute")
