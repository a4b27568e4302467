"""What waits in the store: accounts to be computed, messages to go out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from serving.store import Store
from serving.store_tables import ACCOUNTS, WEBHOOKS

OF_DUE = select(func.count(), func.min(ACCOUNTS.c.since)).where(ACCOUNTS.c.since.is_not(None))
OF_WEBHOOKS = (
    select(WEBHOOKS.c.state, func.count(), func.count().filter(WEBHOOKS.c.attempts > 0))
    .where(WEBHOOKS.c.state.in_(["waiting", "dead"]))
    .group_by(WEBHOOKS.c.state)
)


@dataclass(frozen=True)
class Backlog:
    """What waits.

    Attributes
    ----------
    is_known
        False where the store did not answer.
    due, lag_seconds
        Accounts whose features wait to be computed, and how long the first of them has waited.
    waiting, retried, dead
        Webhook messages that wait, those of them that failed before, and those that were given up.
    """

    is_known: bool = False
    due: int = 0
    lag_seconds: float = 0.0
    waiting: int = 0
    retried: int = 0
    dead: int = 0


class Waiting:
    """Looks at what waits every so often, so that whoever asks is never kept by a store that does not answer.

    >>> waiting = Waiting(Store("sqlite://"))
    >>> waiting.refresh()
    >>> waiting.backlog.due
    0
    """

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self.store = store
        self.now = now
        self.backlog = Backlog()

    def refresh(self) -> None:
        """Look."""
        try:
            self.backlog = self._look()
        except SQLAlchemyError:
            self.backlog = Backlog()

    def _look(self) -> Backlog:
        with self.store.engine.connect() as connection:
            due, since = connection.execute(OF_DUE).one()
            messages = {state: (n, failed) for state, n, failed in connection.execute(OF_WEBHOOKS)}
        lag = 0.0 if since is None else max(0.0, self.now() - since)
        (waiting, retried), (dead, _) = (messages.get(state, (0, 0)) for state in ("waiting", "dead"))
        return Backlog(True, due, lag, waiting, retried, dead)
