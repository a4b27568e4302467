"""The signature of a message that goes out, as Standard Webhooks has it; the receiver verifies with the same words."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from features.errors import ConfigError, PerennialError

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
SHORTEST_BYTES = 24
TOLERANCE_SECONDS = 300.0
"""How far the timestamp of a message may be from now: an older one may be replayed by somebody who listened."""


class UnverifiedMessage(PerennialError):
    """A message that is not, or not provably, from who shares the secret."""


def signed_headers(secret: str, message_id: str, at: float, body: bytes) -> dict[str, str]:
    """Return the headers that a message carries: its id, the second it is sent in, and its signature.

    Raises
    ------
    ConfigError
        When the secret is none.

    >>> headers = signed_headers("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
    ...                          1614265330, b'{"test": 2432232314}')
    >>> headers["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    timestamp = str(int(at))
    signed = _signature(key_of(secret), message_id, timestamp, body)
    return {ID: message_id, TIMESTAMP: timestamp, SIGNATURE: f"v1,{signed}"}


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """Return the id of a message whose signature is right and whose timestamp is near; `now` is seconds since 1970.

    Raises
    ------
    UnverifiedMessage
        When a header is absent, the timestamp is more than five minutes off, or no signature is that of the secret.
    """
    given = {name.lower(): value for name, value in headers.items()}
    absent = [name for name in (ID, TIMESTAMP, SIGNATURE) if name not in given]
    if absent:
        raise _unverified(f"no header {absent[0]}", "a signed message")
    timestamp = given[TIMESTAMP]
    if not (timestamp.isascii() and timestamp.isdecimal() and abs(now - int(timestamp)) <= TOLERANCE_SECONDS):
        raise _unverified(f"the timestamp {timestamp[:20]!r}", f"one within {TOLERANCE_SECONDS:.0f} seconds of now")
    expected = _signature(key_of(secret), given[ID], timestamp, body).encode()
    signatures = [one.removeprefix("v1,").encode() for one in given[SIGNATURE].split() if one.startswith("v1,")]
    if not any(hmac.compare_digest(expected, one) for one in signatures):
        raise _unverified("a signature that is not right", "one made with the secret we share")
    return given[ID]


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret, `whsec_` and base64 of 24 bytes or more.

    Raises
    ------
    ConfigError
        When it is not of that form; the message does not tell it.
    """
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < SHORTEST_BYTES:
        do = "make one with: openssl rand -base64 32"
        raise ConfigError.of(
            "a webhook secret that cannot be used", f"{PREFIX} and base64 of {SHORTEST_BYTES} bytes or more", do
        )
    return key


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _unverified(came: str, expected: str) -> PerennialError:
    return UnverifiedMessage.of(came, expected, "answer 401 and do nothing")
