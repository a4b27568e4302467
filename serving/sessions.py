"""Signing in with a key: a cookie that says so for some hours, on every host, and no longer than the key lives.

The cookie is signed with the digest of the key, which callers do not know and every worker holds: nothing is kept, and
who revokes the key ends its sessions.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from serving.keys import Key

SESSION_SECONDS = 12 * 3_600
COOKIE = "perennial_session"
_TOKEN = re.compile(r"([0-9a-f]{12})\.(\d{10})\.([0-9a-f]{32})\.([0-9a-f]{64})")


def begun(key: Key, now: float) -> str:
    """Return the token of a session that begins now (seconds since 1970, UTC).

    >>> key = Key("0" * 12, "digest", "board", frozenset({"read"}), 0.0)
    >>> token = begun(key, 1_000_000_000.0)
    >>> key_id_in(token), is_session(token, key, 1_000_000_001.0), is_session(token, key, 1_000_050_000.0)
    ('000000000000', True, False)
    """
    said = f"{key.key_id}.{int(now) + SESSION_SECONDS}.{secrets.token_hex(16)}"
    return f"{said}.{_signed(key, 'session', said)}"


def key_id_in(token: str) -> str | None:
    """Return the id of the key that a token says it is of; None where it is no token."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found else None


def is_session(token: str, key: Key, now: float) -> bool:
    """Whether this is a session of that key which goes on."""
    found = _TOKEN.fullmatch(token)
    if found is None or now >= int(found[2]):
        return False
    return hmac.compare_digest(found[4], _signed(key, "session", token.rpartition(".")[0]))


def form_token(token: str, key: Key) -> str:
    """Return what a form of this session carries, so that no other site can send it."""
    return _signed(key, "form", token)


def _signed(key: Key, what: str, said: str) -> str:
    return hmac.new(key.digest.encode(), f"{what}|{said}".encode(), hashlib.sha256).hexdigest()
