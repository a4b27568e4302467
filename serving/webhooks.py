"""Messages to be delivered: of an account whose tier changed, put down with its score in one transaction, told once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from serving.scores import Score
from serving.store_tables import WEBHOOKS
from serving.webhook_settings import WebhookSettings

TIER_CHANGED = "account.tier_changed"


def announce(connection: Connection, before: Score | None, after: Score) -> str | None:
    """Put down a message where the tier changed, and return its id; None where it did not, or nothing was known before.

    The connection is that of the transaction that writes `after`: both are kept, or neither. A message that is there
    already stays as it is, so that a score computed twice is told once.

    >>> from serving.store import Store
    >>> was = Score("A-1", "v1", "2026-01-31", 1.0, 0.1, "low", None, "{}", "{}")
    >>> now = Score("A-1", "v1", "2026-02-01", 2.0, 0.7, "high", 900.0, "{}", "{}")
    >>> with Store("sqlite://").alone() as connection:
    ...     announce(connection, was, now), announce(connection, now, now)
    ('msg_8efbd9d3502a4aa6af7ff72405b386d0', None)
    """
    if before is None or before.tier == after.tier:
        return None
    message_id = _message_id(before, after)
    put_down(connection, message_id, after.account_id, _body(before, after), after.computed_at)
    return message_id


def put_down(connection: Connection, message_id: str, account_id: str, body: str, at: float) -> None:
    """Put down a message that is due at once (`at`: seconds since 1970); one with that id stays as it is."""
    message = {
        "message_id": message_id,
        "account_id": account_id,
        "body": body,
        "state": "waiting",
        "created_at": at,
        "next_at": at,
        "claimed_until": 0.0,
        "attempts": 0,
    }
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(WEBHOOKS)
    connection.execute(insert.values(message).on_conflict_do_nothing())


def announcing(settings: WebhookSettings) -> Callable[[Connection, Score | None, Score], object]:
    """Return what is called where a tier changed: it puts nothing down where there is nobody to tell."""
    return announce if settings.is_on else _tell_nobody


def _tell_nobody(connection: Connection, before: Score | None, after: Score) -> None:
    """Put nothing down."""


def _message_id(before: Score, after: Score) -> str:
    """The same for the same change, whoever finds it: the receiver may drop what it has seen."""
    said = json.dumps([after.account_id, after.as_of, after.release, before.tier, after.tier])
    return f"msg_{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def _body(before: Score, after: Score) -> str:
    data = {
        "account_id": after.account_id,
        "as_of": after.as_of,
        "release": after.release,
        "tier": after.tier,
        "tier_before": before.tier,
        "churn_prob": after.churn_prob,
        "churn_prob_before": before.churn_prob,
        "value_at_risk": after.value_at_risk,
        "release_before": before.release,
    }
    told = {"type": TIER_CHANGED, "timestamp": moment(after.computed_at), "data": data}
    return json.dumps(told, allow_nan=False, ensure_ascii=False)


def moment(at: float) -> str:
    """Return an instant (seconds since 1970) as messages say it.

    >>> moment(0.0)
    '1970-01-01T00:00:00.000Z'
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
