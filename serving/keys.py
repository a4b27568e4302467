"""API keys: how one is made, what is kept of it, and whether one that came is it."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from features.errors import ConfigError

SCOPES = ("predict", "ingest", "read", "admin")
"""What a key may be for: ask for predictions, send events, look at findings; `admin` may do all of it and erase."""

SECRET_BYTES = 32
_TEXT = re.compile(r"pk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Made(NamedTuple):
    """A new key as its owner gets it, once: `text` is never kept, `digest` is."""

    key_id: str
    text: str
    digest: str


@dataclass(frozen=True)
class Key:
    """What is kept of a key; moments are seconds since 1970 (UTC).

    Attributes
    ----------
    digest
        SHA-256 of the whole text in hexadecimal; of a secret with 256 random bits no slower hash is needed.
    scopes
        Some of `SCOPES`.
    expires_at, revoked_at
        None: never.
    """

    key_id: str
    digest: str
    label: str
    scopes: frozenset[str]
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None

    def is_live(self, now: float) -> bool:
        """Whether it opens anything at this moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def allows(self, scope: str) -> bool:
        """Whether it is for this; `admin` is for all.

        >>> Key("0" * 12, "", "crm", frozenset({"predict"}), 0.0).allows("ingest")
        False
        """
        return scope in self.scopes or "admin" in self.scopes

    def is_of(self, text: str) -> bool:
        """Whether this is the key that came, in a time that does not tell how much of it was right."""
        return hmac.compare_digest(self.digest, digest_of(text))


def make_key() -> Made:
    """Return a new key of 256 random bits.

    >>> made = make_key()
    >>> key_id_of(made.text) == made.key_id, digest_of(made.text) == made.digest
    (True, True)
    """
    key_id = secrets.token_hex(6)
    text = f"pk_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    return Made(key_id, text, digest_of(text))


def key_id_of(text: str) -> str | None:
    """Return the id in a key's text; None where this is no key's text.

    >>> key_id_of("pk_0123456789ab_short") is None
    True
    """
    found = _TEXT.fullmatch(text)
    return found[1] if found else None


def digest_of(text: str) -> str:
    """Return what is kept of a key's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def checked_scopes(scopes: Collection[str]) -> frozenset[str]:
    """Return the scopes, once each.

    Raises
    ------
    ConfigError
        When there is none, or one is not of `SCOPES`.

    >>> checked_scopes(["write"])
    Traceback (most recent call last):
    features.errors.ConfigError: got the scope 'write'; expected some of predict, ingest, read, admin; name those
    """
    odd = [repr(scope) for scope in scopes if scope not in SCOPES]
    if odd or not scopes:
        came = f"the scope {odd[0]}" if odd else "no scope"
        raise ConfigError.of(came, f"some of {', '.join(SCOPES)}", "name those")
    return frozenset(scopes)
