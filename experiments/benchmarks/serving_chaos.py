"""Faults under load: what is asked and sent meanwhile, what of it went wrong or was lost, and how soon all was well."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from sqlalchemy import select

from serving.store import Store
from serving.store_tables import LIVE_ROWS

PAUSE_SECONDS = 0.01
TOLERANCE = 1e-9
RECOVERS_WITHIN_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """What a fault came to.

    Attributes
    ----------
    answered, refused, wrong
        predictions that came, requests that got an error or no reply, and predictions that were not the release's.
    accepted, lost
        events that were said to be stored, and those of them that the store does not hold.
    fault_seconds
        how long the fault lasted, with the start of what had been killed.
    recovery_seconds
        from its end until both a prediction and an event got a good answer again.
    """

    answered: int
    refused: int
    wrong: int
    accepted: int
    lost: int
    fault_seconds: float
    recovery_seconds: float


@dataclass
class Witness:
    """Asks and sends without end, and keeps what came of it.

    Attributes
    ----------
    expected
        by release, what it predicts for each account.
    """

    url: str
    expected: Mapping[str, Mapping[str, float]]
    answered: int = 0
    refused: int = 0
    wrong: list[Any] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    good_at: dict[str, float] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        """Ask for predictions until stopped."""
        account_ids = list(next(iter(self.expected.values())))
        with httpx.Client(base_url=self.url, timeout=10) as client:
            for place in count():
                if self.stopped.wait(PAUSE_SECONDS):
                    return
                account_id = account_ids[place % len(account_ids)]
                body = {"account_id": account_id, "explain": False}
                said = self._posted(client, "/predict", body, "prediction")
                if said is None:
                    continue
                self.answered += 1
                right = self.expected.get(said["release"], {}).get(account_id)
                if right is None or abs(said["churn_prob"] - right) > TOLERANCE or said["account_id"] != account_id:
                    self.wrong.append(said)

    def send(self) -> None:
        """Send events until stopped, each of a key of its own."""
        with httpx.Client(base_url=self.url, timeout=10) as client:
            for place in count():
                if self.stopped.wait(PAUSE_SECONDS):
                    return
                body = {"table": "accounts", "rows": [{"account_id": f"sent-{id(self)}-{place}", "employees": place}]}
                said = self._posted(client, "/events", body, "event")
                if said is not None:
                    self.accepted |= {row["key"] for row in said["results"] if row["status"] != "rejected"}

    def _posted(self, client: httpx.Client, path: str, body: Mapping[str, Any], what: str) -> Any:
        try:
            reply = client.post(path, json=dict(body))
        except httpx.TransportError:
            self.refused += 1
            return None
        if reply.status_code != 200:
            self.refused += 1
            return None
        self.good_at[what] = time.monotonic()
        return reply.json()

    def well_since(self, moment: float) -> bool:
        """Return whether both were answered well after a moment."""
        return min(self.good_at.get(what, 0.0) for what in ("prediction", "event")) > moment


@contextmanager
def witnessing(witness: Witness) -> Iterator[Witness]:
    """Have a witness ask and send while the block runs."""
    threads = [threading.Thread(target=work, daemon=True) for work in (witness.ask, witness.send)]
    for thread in threads:
        thread.start()
    try:
        yield witness
    finally:
        witness.stopped.set()
        for thread in threads:
            thread.join(timeout=30)


def outcome_of(witness: Witness, store_url: str, fault: Callable[[], None], seconds: float) -> Outcome:
    """Return what came of a fault that happens `seconds` after the start, and is over when the function returns.

    Raises
    ------
    TimeoutError
        When all is not well a minute after.
    """
    with witnessing(witness):
        _until(lambda: witness.well_since(0.0))
        time.sleep(seconds)
        begun = time.monotonic()
        fault()
        over = time.monotonic()
        _until(lambda: witness.well_since(over))
        recovery = max(witness.good_at.values()) - over
        time.sleep(seconds)
    kept = _kept(store_url)
    return Outcome(
        witness.answered,
        witness.refused,
        len(witness.wrong),
        len(witness.accepted),
        len(witness.accepted - kept),
        over - begun,
        recovery,
    )


def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + RECOVERS_WITHIN_SECONDS
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"not all is well {RECOVERS_WITHIN_SECONDS:.0f} seconds after the fault was over")
        time.sleep(0.01)


def _kept(store_url: str) -> set[str]:
    store = Store(store_url)
    with store.engine.connect() as connection:
        found = set(connection.scalars(select(LIVE_ROWS.c.row_key).where(LIVE_ROWS.c.table_name == "accounts")))
    store.close()
    return found
