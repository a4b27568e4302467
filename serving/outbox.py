"""The messages that went out, wait, or are dead: looked at, and sent anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, update

from features.errors import DataError
from serving.store import Store
from serving.store_tables import WEBHOOKS

State = Literal["waiting", "sent", "dead"]
MOST_LISTED = 1_000


@dataclass(frozen=True)
class Message:
    """A message as it stands; `next_at` is seconds since 1970, and once it was sent or is dead says when it was due."""

    message_id: str
    account_id: str
    state: State
    created_at: float
    next_at: float
    attempts: int
    last_error: str | None


def messages(store: Store, state: State, limit: int = MOST_LISTED) -> list[Message]:
    """Return the messages in a state, the oldest first."""
    names = (WEBHOOKS.c[name] for name in Message.__dataclass_fields__)
    query = select(*names).where(WEBHOOKS.c.state == state).order_by(WEBHOOKS.c.created_at).limit(limit)
    with store.engine.connect() as connection:
        return [Message(*row) for row in connection.execute(query)]


def send_anew(store: Store, now: float, message_id: str | None = None) -> int:
    """Let a dead message be due now with all its attempts, or all dead ones; return how many. Their ids stay.

    Raises
    ------
    DataError
        When no dead message has that id.
    """
    is_wanted = WEBHOOKS.c.state == "dead"
    if message_id is not None:
        is_wanted &= WEBHOOKS.c.message_id == message_id
    again = update(WEBHOOKS).where(is_wanted).values(state="waiting", attempts=0, next_at=now, claimed_until=0.0)
    with store.alone() as connection:
        n = connection.execute(again).rowcount
    if message_id is not None and not n:
        raise DataError.of(
            f"the message {message_id!r}, which is not dead", "a dead one", "see `perennial webhooks list`"
        )
    return n
