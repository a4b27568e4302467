"""Messages on their way out: claimed, posted, and marked sent, later, or dead."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Select, delete, select, update

from serving.retry_after import retry_after_seconds
from serving.signature import signed_headers
from serving.store import Store
from serving.store_tables import WEBHOOKS
from serving.watch import Watch
from serving.webhook_settings import WebhookSettings

if TYPE_CHECKING:
    import httpx

AT_ONCE = 8
LOOK_SECONDS = 0.5
KEPT_SECONDS = 30 * 86_400.0
"""How long messages that were sent are kept, to look at."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 10.0, 21_600.0
LONGEST_ERROR = 200
GONE = 410

log = logging.getLogger("perennial.serving")


@dataclass(frozen=True)
class Claim:
    """A message that nobody else posts until its lease is over; `attempts` counts this one."""

    message_id: str
    body: str
    attempts: int


class Delivery:
    """Posts what waits in a store to its receiver; many may do so on one store, on one host or several.

    Parameters
    ----------
    store
        where the messages are.
    settings
        the receiver, the secret, and how often to try.
    client
        what posts; it follows no redirection.
    clock
        seconds since 1970.
    """

    def __init__(
        self, store: Store, settings: WebhookSettings, client: httpx.Client, clock: Callable[[], float] = time.time
    ) -> None:
        self.store = store
        self.settings = settings
        self.client = client
        self.clock = clock
        settings.check()
        self.secret = settings.checked_secret()

    def look(self) -> None:
        """Deliver what is due, a few messages at a time, until nothing more is; then forget what was sent long ago."""
        n_posted = 0
        while n := self.deliver():
            n_posted += n
        if n_posted:
            self._drop_old()

    def deliver(self) -> int:
        """Claim and post a few of the messages that are due; return how many."""
        claims = self._claimed() if self._is_any_due() else []
        if claims:
            with ThreadPoolExecutor(len(claims)) as pool:
                list(pool.map(self._post, claims))
        return len(claims)

    def _is_any_due(self) -> bool:
        """Asked first, as a reader: in SQLite a writer keeps all others waiting."""
        with self.store.engine.connect() as connection:
            return connection.execute(_due(self.clock()).limit(1)).first() is not None

    def _claimed(self) -> list[Claim]:
        now = self.clock()
        # SQLite leaves the lock out, and needs none, for it lets one writer in. In PostgreSQL the lock makes this a
        # query of its own, which is run once.
        due = _due(now).order_by(WEBHOOKS.c.next_at).limit(AT_ONCE).with_for_update(skip_locked=True).cte("due")
        claim = (
            update(WEBHOOKS)
            .where(WEBHOOKS.c.message_id.in_(select(due.c.message_id)))
            .values(claimed_until=now + self.settings.lease_seconds, attempts=WEBHOOKS.c.attempts + 1)
            .returning(WEBHOOKS.c.message_id, WEBHOOKS.c.body, WEBHOOKS.c.attempts)
        )
        with self.store.writing() as connection:
            return [Claim(*row) for row in connection.execute(claim)]

    def _post(self, claim: Claim) -> None:
        import httpx

        body = claim.body.encode()
        headers = signed_headers(self.secret, claim.message_id, self.clock(), body)
        try:
            # The reply's body is never read: it is the receiver's, and could be endless.
            with self.client.stream(
                "POST", str(self.settings.url), content=body, headers=headers | {"content-type": "application/json"}
            ) as reply:
                status, problem = reply.status_code, f"answered {reply.status_code}"
                asked = retry_after_seconds(reply.headers.get("retry-after"), self.clock())
        except httpx.HTTPError as failed:
            status, problem, asked = 0, f"{type(failed).__name__}: {failed}", None
        if 200 <= status < 300:
            self._settle(claim, state="sent", last_error=None)
        else:
            self._failed(claim, problem, is_final=status == GONE, asked_seconds=asked or 0.0)

    def _failed(self, claim: Claim, problem: str, *, is_final: bool, asked_seconds: float = 0.0) -> None:
        if is_final or claim.attempts >= self.settings.attempts:
            log.error("webhook %s is dead after %d attempts: %s", claim.message_id, claim.attempts, problem)
            self._settle(claim, state="dead", last_error=problem[:LONGEST_ERROR])
            return
        # Later if the receiver asks for it, within bounds: it may be wrong, or mean harm.
        wait = max(wait_seconds(claim.message_id, claim.attempts), min(asked_seconds, LONGEST_WAIT_SECONDS))
        log.warning("webhook %s is tried again in %.0f s: %s", claim.message_id, wait, problem)
        self._settle(claim, next_at=self.clock() + wait, last_error=problem[:LONGEST_ERROR])

    def _settle(self, claim: Claim, **said: object) -> None:
        """Say how it went, unless the lease ran out meanwhile and somebody else has claimed it since."""
        is_ours = (WEBHOOKS.c.message_id == claim.message_id) & (WEBHOOKS.c.attempts == claim.attempts)
        with self.store.writing() as connection:
            connection.execute(update(WEBHOOKS).where(is_ours).values(claimed_until=0.0, **said))

    def _drop_old(self) -> None:
        is_old = (WEBHOOKS.c.state == "sent") & (WEBHOOKS.c.created_at < self.clock() - KEPT_SECONDS)
        with self.store.writing() as connection:
            connection.execute(delete(WEBHOOKS).where(is_old))


def delivery_watch(store: Store, settings: WebhookSettings) -> Watch | None:
    """Return what delivers, once started, the messages of a store as they come; None where they have no receiver.

    Raises
    ------
    ConfigError
        When the receiver's address or the secret cannot be used.
    """
    if not settings.is_on:
        return None
    import httpx

    client = httpx.Client(timeout=settings.timeout_seconds, headers={"user-agent": "perennial-webhooks"})
    return Watch(Delivery(store, settings, client).look, LOOK_SECONDS)


def _due(now: float) -> Select[tuple[str]]:
    is_due = (WEBHOOKS.c.state == "waiting", WEBHOOKS.c.next_at <= now, WEBHOOKS.c.claimed_until <= now)
    return select(WEBHOOKS.c.message_id).where(*is_due)


def wait_seconds(message_id: str, attempts: int) -> float:
    """Return how long to wait after so many attempts: thrice as long each time, six hours at most.

    A half of it is by chance, seeded with the message, so that messages that failed together do not come back together.

    >>> [round(wait_seconds("msg_1", attempts)) for attempts in (1, 2, 3, 12)]
    [7, 19, 66, 17086]
    """
    longest = min(FIRST_WAIT_SECONDS * 3.0 ** (attempts - 1), LONGEST_WAIT_SECONDS)
    by_chance = random.Random(f"{message_id} {attempts}").random()  # noqa: S311  # not a secret
    return longest * (0.5 + 0.5 * by_chance)
