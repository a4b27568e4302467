"""What is taken, what is refused and why, and that nothing taken is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from serving.errors import Refusal
from serving.event_payloads import EventsRequest
from serving.ingest import Ingest
from serving.store import Store
from serving.store_tables import ACCOUNTS, LIVE_ROWS

LOGIN = {"activity_id": "1", "account_id": "a", "occurred_at": "2026-02-20T08:00:00Z", "event": "login"}


def test_each_row_is_told_what_became_of_it(world: Any) -> None:
    said = world.send("activities", LOGIN, {**LOGIN, "activity_id": "2", "occurred_at": "soon"}, LOGIN)
    assert (said.accepted, said.duplicate, said.rejected) == (1, 1, 1)
    assert [(row.row, row.key, row.status) for row in said.results] == [
        (0, "1", "accepted"),
        (1, "2", "rejected"),
        (2, "1", "duplicate"),
    ]
    (problem,) = said.results[1].problems
    assert problem.where == "rows.1.occurred_at"
    assert problem.problem == "got 'soon'; expected a date or time"


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ({**LOGIN, "account_id": "z"}, "got 'z', which is no known account; .* send its row of accounts first"),
        ({**LOGIN, "chanel": "web"}, "activities has no such column; did you mean 'channel'"),
        ({**LOGIN, "direction": "up"}, "got 'up'; expected one of in, out"),
        ({**LOGIN, "value": float("nan")}, "got nan; expected a number"),
        ({**LOGIN, "value": [1]}, r"got \[1\]; expected a number"),
        ({**LOGIN, "activity_id": "x" * 257}, "got a text of 257 characters; expected at most 256"),
        ({**LOGIN, "activity_id": "\ud800"}, "expected a text"),
        ({**LOGIN, "event": "n/a"}, "missing; expected a text"),
        ({"account_id": "a"}, "missing; expected a text"),
    ],
)
def test_a_row_that_breaks_the_contract_is_rejected_in_words(world: Any, row: dict[str, Any], match: str) -> None:
    said = world.send("activities", row)
    assert said.rejected == 1
    assert any(re.search(match, each.problem) for each in said.results[0].problems)


def test_the_same_row_again_is_a_duplicate_and_another_with_its_key_takes_its_place(world: Any) -> None:
    case = {"case_id": "C", "account_id": "a", "opened_at": "2026-02-01"}
    closed = {**case, "closed_at": "2026-02-03"}
    assert [world.send("cases", row).results[0].status for row in (case, case, closed, closed)] == [
        "accepted",
        "duplicate",
        "accepted",
        "duplicate",
    ]
    with world.store.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(LIVE_ROWS)) == 1


def test_a_key_of_one_account_is_not_taken_for_another(world: Any) -> None:
    world.send("activities", LOGIN)
    said = world.send("activities", {**LOGIN, "account_id": "b"})
    assert "for a row that is of 'a'" in said.results[0].problems[0].problem


def test_a_row_of_accounts_makes_an_account_known(world: Any) -> None:
    assert world.send("accounts", {"account_id": "c", "industry": "retail"}).accepted == 1
    assert world.send("activities", {**LOGIN, "account_id": "c"}).accepted == 1


@pytest.mark.parametrize("name", ["observations", "touchpoints", "activity"])
def test_an_unknown_table_is_refused(world: Any, name: str) -> None:
    with pytest.raises(Refusal, match=f"table: got '{name}'; expected one of accounts, account_changes"):
        world.send(name, LOGIN)


def test_where_the_store_is_down_nothing_is_taken_and_it_says_so(tmp_path: Any) -> None:
    store = Store(f"sqlite:///{tmp_path / 'online.db'}")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE live_rows")
        connection.exec_driver_sql("DROP TABLE accounts")
    with pytest.raises(Refusal, match="nothing of this request was stored") as refused:
        Ingest(store).take(EventsRequest(table="activities", rows=[LOGIN]))
    assert refused.value.status == 503
    store.close()


def test_rows_sent_side_by_side_are_all_there_and_each_has_its_version(world: Any) -> None:
    rows = [{**LOGIN, "activity_id": str(i), "account_id": "ab"[i % 2]} for i in range(120)]
    with ThreadPoolExecutor(4) as senders:
        assert sum(said.accepted for said in senders.map(lambda row: world.send("activities", row), rows)) == 120
    with world.store.engine.connect() as connection:
        found = connection.execute(select(LIVE_ROWS.c.account_id, LIVE_ROWS.c.version)).all()
        versions = dict(connection.execute(select(ACCOUNTS.c.account_id, ACCOUNTS.c.version)).all())
    assert len(set(found)) == 120
    assert versions == {"a": 60, "b": 60}
    world.work()
    assert (world.activities("a"), world.activities("b")) == (60, 60)


def test_requests_that_wait_for_each_other_are_written_together(tmp_path: Any) -> None:
    store = Store(f"sqlite:///{tmp_path / 'online.db'}")
    ingest, begun, n = Ingest(store), threading.Event(), []
    writing = store.writing

    def slow(*, is_durable: bool) -> Any:
        n.append(is_durable)
        begun.wait(timeout=10)
        return writing(is_durable=is_durable)

    store.writing = slow  # type: ignore[method-assign,assignment]
    requests = [EventsRequest(table="accounts", rows=[{"account_id": f"a-{i}"}]) for i in range(20)]
    with ThreadPoolExecutor(20) as senders:
        sent = [senders.submit(ingest.take, request) for request in requests]
        while len(ingest._waiting) < 19:
            time.sleep(0.01)
        begun.set()
        assert [each.result().accepted for each in sent] == [1] * 20
    assert n == [True, True]
    store.close()


SENDER = """
import sys
from serving.event_payloads import EventsRequest
from serving.ingest import Ingest
from serving.store import Store
ingest, i = Ingest(Store(sys.argv[1])), 0
while True:
    row = {"activity_id": str(i), "account_id": "a", "occurred_at": "2026-02-20", "event": "login"}
    assert ingest.take(EventsRequest(table="activities", rows=[row])).accepted == 1
    print(i, flush=True)
    i += 1
"""


def test_a_kill_right_after_the_answer_loses_nothing(world: Any, store_url: str) -> None:
    sender = subprocess.Popen([sys.executable, "-c", SENDER, store_url], stdout=subprocess.PIPE, text=True)
    assert sender.stdout is not None
    told = [sender.stdout.readline().strip() for _ in range(40)]
    os.kill(sender.pid, signal.SIGKILL)
    told += sender.stdout.read().split()
    sender.wait()
    sender.stdout.close()
    with world.store.engine.connect() as connection:
        kept = set(connection.scalars(select(LIVE_ROWS.c.row_key)))
    assert set(told) <= kept
    world.work()
    assert world.activities("a") == len(kept)
