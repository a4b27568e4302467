"""What waits in the store, counted."""

from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from serving.backlog import Backlog, Waiting
from serving.store import Store
from serving.store_tables import ACCOUNTS, WEBHOOKS

MESSAGE = {"account_id": "A", "body": "{}", "created_at": 0.0, "next_at": 0.0, "claimed_until": 0.0}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'online.db'}")


def test_what_waits_is_counted_and_how_long(store: Store) -> None:
    states = [("waiting", 0), ("waiting", 2), ("dead", 9), ("sent", 1)]
    with store.alone() as connection:
        for account_id, since in (("A", 5.0), ("B", 7.0), ("done", None)):
            row = {"account_id": account_id, "since": since, "batch": 0, "version": 1, "refresh_at": 0.0}
            connection.execute(insert(ACCOUNTS).values(row | {"claimed_until": 0.0}))
        for number, (state, attempts) in enumerate(states):
            row = MESSAGE | {"message_id": str(number), "state": state, "attempts": attempts}
            connection.execute(insert(WEBHOOKS).values(row))
    waiting = Waiting(store, now=lambda: 25.0)
    waiting.refresh()
    assert waiting.backlog == Backlog(True, due=2, lag_seconds=20.0, waiting=2, retried=1, dead=1)


def test_a_store_that_does_not_answer_is_not_known(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting(store)

    def fail() -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(waiting, "_look", fail)
    waiting.refresh()
    assert waiting.backlog == Backlog()
