"""Alerts of playbooks become messages: each once, however often and on however many hosts they are looked at."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from serving.actions import KeptActions
from serving.alerts import AlertTeller, alert_watch
from serving.outbox import messages
from serving.store import Store
from serving.store_tables import WEBHOOKS
from serving.webhook_settings import WebhookSettings

NOON = 1_770_033_600.0  # 2026-02-02
ALERT = {
    "key": "0f5c", "playbook": "outage", "account_id": "A-00042", "owner": "Ann", "do": "call within a day",
    "happened_on": "2026-02-01", "due_on": "2026-02-02",
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'online.db'}")
    yield store
    store.engine.dispose()


def _run(folder: Path, *alerts: dict[str, str], at: int) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / "alerts.parquet"
    pd.DataFrame(list(alerts)).to_parquet(path)
    os.utime(path, (at, at))


def test_an_alert_is_told_once_by_all_hosts_and_at_all_runs(store: Store, tmp_path: Path) -> None:
    folder, later = tmp_path / "actions", {**ALERT, "key": "11aa", "account_id": "A-00043"}
    one, other = (AlertTeller(store, KeptActions(folder), clock=lambda: NOON) for _ in range(2))
    one.look()
    assert messages(store, "waiting") == []
    _run(folder, ALERT, at=1)
    for teller in (one, other, one):
        teller.look()
    assert [message.message_id for message in messages(store, "waiting")] == ["msg_0f5c"]
    _run(folder, ALERT, later, at=2)
    for teller in (one, other):
        teller.look()
    assert [message.account_id for message in messages(store, "waiting")] == ["A-00042", "A-00043"]


def test_the_message_says_what_is_to_be_done_by_whom_and_until_when(store: Store, tmp_path: Path) -> None:
    _run(tmp_path / "actions", ALERT, at=1)
    AlertTeller(store, KeptActions(tmp_path / "actions"), clock=lambda: NOON).look()
    with store.engine.connect() as connection:
        body = json.loads(connection.execute(select(WEBHOOKS.c.body)).scalar_one())
    assert body == {"type": "account.alerted", "timestamp": "2026-02-02T12:00:00.000Z", "data": ALERT}


def test_what_happened_before_messages_are_kept_is_not_told(store: Store, tmp_path: Path) -> None:
    _run(tmp_path / "actions", {**ALERT, "happened_on": "2026-01-02"}, at=1)
    AlertTeller(store, KeptActions(tmp_path / "actions"), clock=lambda: NOON).look()
    assert messages(store, "waiting") == []


def test_without_a_receiver_nobody_looks(store: Store, tmp_path: Path) -> None:
    assert alert_watch(store, tmp_path, WebhookSettings()) is None
