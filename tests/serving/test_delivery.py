"""Messages on their way to a receiver on this machine, which fails as it is told to."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from features.errors import ConfigError, DataError
from serving.delivery import FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, Delivery, delivery_watch, wait_seconds
from serving.outbox import messages, send_anew
from serving.scores import Score
from serving.signature import verify
from serving.store import Store
from serving.store_tables import WEBHOOKS
from serving.webhook_settings import WebhookSettings
from serving.webhooks import announce

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # the example of Standard Webhooks
NOON = 1_770_000_000.0


class Receiver(ThreadingHTTPServer):
    """Answers with the statuses it is given, then with 200, and keeps what came."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses: list[int] = []
        self.retry_after: str | None = None
        self.came: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came.append((dict(self.headers.items()), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("location", "http://127.0.0.1:1/elsewhere")
        if self.server.retry_after is not None:
            self.send_header("retry-after", self.server.retry_after)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def stores(store_url: str) -> Iterator[list[Store]]:
    """Two on one database, which is empty."""
    both = [Store(store_url), Store(store_url)]
    yield both
    for store in both:
        store.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path / 'online.db'}")
    yield made
    made.close()


def score(account_id: str, tier: str, at: float = NOON) -> Score:
    return Score(account_id, "v1", f"2026-02-01T00:00:{int(at) % 60:02}", at, 0.5, tier, 900.0, "{}", "{}")


def tell(store: Store, *account_ids: str, at: float = NOON) -> None:
    with store.alone() as connection:
        for account_id in account_ids:
            announce(connection, score(account_id, "low", at - 1), score(account_id, "high", at))


@contextmanager
def delivering(store: Store, receiver: Receiver | str, at: float = NOON, **settings: Any) -> Iterator[Delivery]:
    where = receiver if isinstance(receiver, str) else receiver.url
    with httpx.Client(timeout=5) as client:
        yield Delivery(store, WebhookSettings(url=where, secret=SECRET, **settings), client, lambda: at)


def states(store: Store) -> dict[str, int]:
    return {state: len(messages(store, state)) for state in ("waiting", "sent", "dead")}  # type: ignore[arg-type]


def test_a_message_is_signed_and_says_what_changed(store: Store, receiver: Receiver) -> None:
    tell(store, "Ä-1")
    with delivering(store, receiver) as delivery:
        delivery.look()
    ((headers, body),) = receiver.came
    message_id = verify(SECRET, headers, body, now=NOON)
    said = json.loads(body)
    assert (said["type"], said["timestamp"]) == ("account.tier_changed", "2026-02-02T02:40:00.000Z")
    assert (said["data"]["account_id"], said["data"]["tier_before"], said["data"]["tier"]) == ("Ä-1", "low", "high")
    assert [one.message_id for one in messages(store, "sent")] == [message_id]


def test_the_same_change_found_twice_is_one_message(store: Store) -> None:
    tell(store, "A-1")
    tell(store, "A-1")
    assert states(store) == {"waiting": 1, "sent": 0, "dead": 0}


def test_a_transaction_that_fails_tells_nothing(store: Store) -> None:
    def write_and_fail() -> None:
        with store.alone() as connection:
            announce(connection, score("A-1", "low"), score("A-1", "high"))
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_and_fail()
    assert states(store)["waiting"] == 0


def test_two_deliverers_on_one_store_double_nothing(stores: list[Store], receiver: Receiver) -> None:
    tell(stores[0], *(f"A-{i}" for i in range(60)))
    with (
        delivering(stores[0], receiver) as one,
        delivering(stores[1], receiver) as other,
        ThreadPoolExecutor(4) as pool,
    ):
        for looking in [pool.submit(delivery.look) for delivery in (one, other, one, other)]:
            looking.result(timeout=60)
    seen = Counter(headers["webhook-id"] for headers, _ in receiver.came)
    assert (len(seen), set(seen.values())) == (60, {1})
    assert states(stores[0]) == {"waiting": 0, "sent": 60, "dead": 0}


def test_what_failed_waits_and_is_tried_again_under_the_same_id(store: Store, receiver: Receiver) -> None:
    tell(store, "A-1")
    receiver.statuses = [503]
    with delivering(store, receiver) as delivery:
        delivery.look()
        delivery.look()
    (waiting,) = messages(store, "waiting")
    assert (waiting.attempts, waiting.last_error) == (1, "answered 503")
    assert FIRST_WAIT_SECONDS / 2 <= waiting.next_at - NOON <= FIRST_WAIT_SECONDS
    with delivering(store, receiver, at=waiting.next_at) as delivery:
        delivery.look()
    assert states(store)["sent"] == 1
    (first, body), (second, again) = receiver.came
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    assert first["webhook-signature"] != second["webhook-signature"]


@pytest.mark.parametrize("status", [301, 400, 401, 404, 500])
def test_no_other_status_counts_as_received(store: Store, receiver: Receiver, status: int) -> None:
    tell(store, "A-1")
    receiver.statuses = [status]
    with delivering(store, receiver) as delivery:
        delivery.look()
    assert states(store) == {"waiting": 1, "sent": 0, "dead": 0}
    assert len(receiver.came) == 1


@pytest.mark.parametrize(
    ("said", "soonest", "latest"),
    [
        ("120", 120, 120),
        (formatdate(NOON + 300, usegmt=True), 300, 300),
        ("1", FIRST_WAIT_SECONDS / 2, FIRST_WAIT_SECONDS),
        ("9" * 400, LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS),
        ("-3600", FIRST_WAIT_SECONDS / 2, FIRST_WAIT_SECONDS),
        ("whenever", FIRST_WAIT_SECONDS / 2, FIRST_WAIT_SECONDS),
    ],
)
def test_a_receiver_may_ask_for_later_but_for_no_sooner_nor_for_never(
    store: Store, receiver: Receiver, said: str, soonest: float, latest: float
) -> None:
    tell(store, "A-1")
    receiver.statuses, receiver.retry_after = [429], said
    with delivering(store, receiver) as delivery:
        delivery.look()
    (waiting,) = messages(store, "waiting")
    assert soonest <= waiting.next_at - NOON <= latest


def test_a_receiver_that_is_down_loses_nothing(store: Store) -> None:
    tell(store, "A-1")
    with delivering(store, "http://127.0.0.1:1/hook") as delivery:
        delivery.look()
    (waiting,) = messages(store, "waiting")
    assert "ConnectError" in str(waiting.last_error)


def test_after_its_last_attempt_a_message_is_dead_until_sent_anew(store: Store, receiver: Receiver) -> None:
    tell(store, "A-1", "A-2")
    receiver.statuses = [500] * 6
    at = NOON
    for _ in range(3):
        with delivering(store, receiver, at=at, attempts=3) as delivery:
            delivery.look()
        at += LONGEST_WAIT_SECONDS
    assert states(store) == {"waiting": 0, "sent": 0, "dead": 2}
    dead = messages(store, "dead")[0].message_id
    assert send_anew(store, at, dead) == 1
    with delivering(store, receiver, at=at) as delivery:
        delivery.look()
    assert states(store) == {"waiting": 0, "sent": 1, "dead": 1}
    assert send_anew(store, at) == 1


def test_a_receiver_that_is_gone_for_good_is_not_asked_again(store: Store, receiver: Receiver) -> None:
    tell(store, "A-1")
    receiver.statuses = [410]
    with delivering(store, receiver) as delivery:
        delivery.look()
    assert states(store)["dead"] == 1


def test_only_a_dead_message_is_sent_anew(store: Store) -> None:
    with pytest.raises(DataError, match="got the message 'msg_9', which is not dead"):
        send_anew(store, NOON, "msg_9")


def test_the_message_of_a_deliverer_that_died_is_taken_over_once_its_lease_is_over(
    stores: list[Store], receiver: Receiver
) -> None:
    tell(stores[0], "A-1")
    with delivering(stores[0], receiver, lease_seconds=30) as dying:
        assert len(dying._claimed()) == 1
    for at, is_sent in ((NOON + 29, 0), (NOON + 30, 1)):
        with delivering(stores[1], receiver, at=at) as delivery:
            delivery.look()
        assert states(stores[1])["sent"] == is_sent


def test_who_comes_back_after_his_lease_does_not_spoil_what_another_has_done(store: Store, receiver: Receiver) -> None:
    tell(store, "A-1")
    with delivering(store, receiver, lease_seconds=30) as slow:
        (claim,) = slow._claimed()
        with delivering(store, receiver, at=NOON + 60) as other:
            other.look()
        slow._failed(claim, "answered 503", is_final=False)
    assert states(store) == {"waiting": 0, "sent": 1, "dead": 0}


def test_a_clock_that_was_moved_back_only_waits(store: Store, receiver: Receiver) -> None:
    tell(store, "A-1")
    with delivering(store, receiver, at=NOON - 3600) as early:
        early.look()
    assert not receiver.came
    with delivering(store, receiver) as delivery:
        delivery.look()
    assert states(store)["sent"] == 1


def test_what_was_sent_a_month_ago_is_forgotten(store: Store, receiver: Receiver) -> None:
    tell(store, "A-1")
    with delivering(store, receiver) as delivery:
        delivery.look()
    tell(store, "A-2", at=NOON + 31 * 86_400)
    with delivering(store, receiver, at=NOON + 31 * 86_400) as later:
        later.look()
    assert [one.account_id for one in messages(store, "sent")] == ["A-2"]


def test_waits_grow_to_six_hours_and_differ_by_message() -> None:
    ids = [f"msg_{n}" for n in range(200)]
    for attempts in range(1, 13):
        longest = min(10 * 3 ** (attempts - 1), 21_600)
        waits = [wait_seconds(each, attempts) for each in ids]
        assert all(longest / 2 <= wait <= longest for wait in waits)
        assert len(set(waits)) > 190
    assert sum(wait_seconds("msg_1", attempts) for attempts in range(1, 12)) > 10 * 3600


def test_without_an_address_nothing_is_delivered(store: Store) -> None:
    assert delivery_watch(store, WebhookSettings()) is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"url": "http://crm.example/hook", "secret": SECRET}, "expected one that begins with https://"),
        ({"url": "ftp://localhost/hook", "secret": SECRET}, "expected one that begins with https://"),
        ({"url": "https://crm.example/hook"}, "got no webhook secret"),
        ({"url": "https://crm.example/hook", "secret": "hunter2"}, "got a webhook secret that cannot be used"),
        ({"url": "https://crm.example/hook", "secret_file": "nowhere"}, "a file that cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_start(store: Store, said: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        delivery_watch(store, WebhookSettings(**said))
    assert "hunter2" not in str(refused.value)


def test_the_secret_is_read_from_a_file(store: Store, receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    settings = WebhookSettings(url=receiver.url, secret_file=tmp_path / "secret")
    assert settings.checked_secret() == SECRET
    assert SECRET not in repr(WebhookSettings(url=receiver.url, secret=SECRET))


def test_a_started_watch_delivers_as_messages_come(store: Store, receiver: Receiver, wait: Any) -> None:
    watch = delivery_watch(store, WebhookSettings(url=receiver.url, secret=SECRET))
    assert watch is not None
    watch.start()
    tell(store, "A-1", at=time.time())
    wait(lambda: states(store)["sent"] == 1)
    watch.stop()
    watch.look.__self__.client.close()  # type: ignore[attr-defined]


def test_what_waits_is_found_by_its_index(store: Store) -> None:
    with store.engine.connect() as connection:
        query = "EXPLAIN QUERY PLAN SELECT 1 FROM webhooks WHERE state = 'waiting' AND next_at <= 5"
        plan = str(connection.exec_driver_sql(query).all())
    assert WEBHOOKS.indexes
    assert "webhooks_by_time" in plan
