"""The whole chain as a user has it: tables, a champion, a full store, a key, the service, events, a new answer."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Select, select

from experiments.benchmarks.serving_release import promote_quick_release
from experiments.benchmarks.serving_server import descendants
from experiments.company import write_company
from pipelines.config import read_settings
from serving.cli import main
from serving.client import Perennial, ServiceError, verify
from serving.store import Store
from serving.store_tables import LIVE_ROWS, SCORES

WORKERS = 2
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # the example of Standard Webhooks


@dataclass
class Chain:
    """A service that `perennial serve` runs, and a client with a key."""

    process: subprocess.Popen[bytes]
    client: Perennial
    url: str
    folder: Path
    log: Path
    account_id: str
    key: str

    def pids(self, what: str) -> list[int]:
        return [pid for pid in descendants(self.process.pid) if _runs(pid) == what]

    def answers(self) -> bool:
        try:
            return bool(self.client.predict(self.account_id).release)
        except ServiceError:
            return False


def _runs(pid: int) -> str:
    try:
        said = Path(f"/proc/{pid}/cmdline").read_text("utf-8")
    except OSError:
        return "gone"
    words = {"bentoml\0serve": "first", "_bentoml_impl.worker": "answers", "serving.feature_worker": "features"}
    return next((what for word, what in words.items() if word in said), "other")


def _perennial(*words: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        assert main(list(words)) == 0
    return out.getvalue().strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Receiver(ThreadingHTTPServer):
    """A CRM that takes every message, and keeps those whose signature is right."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.verified: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/perennial"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        verify(SECRET, dict(self.headers.items()), body, time.time())
        self.server.verified.append(json.loads(body)["data"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def nothing_told() -> Iterator[None]:
    """No setting from the environment, where the service of other tests may have some."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PERENNIAL_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def chain(
    tmp_path_factory: pytest.TempPathFactory, receiver: Receiver, wait: Any, nothing_told: None
) -> Iterator[Chain]:
    folder = tmp_path_factory.mktemp("chain")
    config, port, log = folder / "perennial.toml", _free_port(), folder / "serve.log"
    write_company(folder / "tables", n_accounts=60, years=2, seed=7)
    _perennial("init", str(folder / "tables"), "--config", str(config))
    promote_quick_release(read_settings(config))
    _perennial("materialize", "--config", str(config))
    scopes = [word for scope in ("predict", "ingest", "read") for word in ("--scope", scope)]
    key = _perennial("keys", "create", *scopes, "--label", "crm", "--config", str(config))
    command = [sys.executable, "-m", "serving.cli", "serve", "--port", str(port), "--workers", str(WORKERS)]
    hook = {"PERENNIAL_WEBHOOK_URL": receiver.url, "PERENNIAL_WEBHOOK_SECRET": SECRET}
    environment = {**{name: said for name, said in os.environ.items() if name != "BENTOML_HOME"}, **hook}
    url, customers = f"http://127.0.0.1:{port}", _values(folder, select(SCORES.c.account_id))
    with log.open("wb") as out:
        process = subprocess.Popen([*command, "--config", str(config)], env=environment, stdout=out, stderr=out)
    with Perennial(url, key, retries=0) as client:
        found = Chain(process, client, url, folder, log, customers[0], key)
        try:
            wait(found.answers, seconds=60)
            yield found
        finally:
            process.terminate()
            process.wait(timeout=40)


def _values(folder: Path, query: Select[Any]) -> list[str]:
    store = Store(f"sqlite:///{folder / '.perennial' / 'online.db'}")
    with store.engine.connect() as connection:
        found = [str(value) for value in connection.scalars(query)]
    store.close()
    return found


# One service for all of these, in this order: the last ends it.


def test_without_a_key_nothing_is_answered(chain: Chain) -> None:
    with Perennial(chain.url) as stranger, pytest.raises(ServiceError, match="unauthorized"):
        stranger.predict(chain.account_id)


def test_events_change_what_is_predicted(chain: Chain, wait: Any) -> None:
    before = chain.client.predict(chain.account_id)
    assert before.reasons
    now = datetime.now(UTC).replace(tzinfo=None)
    sent = {
        "activities": [_row(chain, "activity", i, "occurred_at", event="login") for i in range(20)],
        "cases": [_row(chain, "case", i, "opened_at", is_escalated=True, priority="high") for i in range(5)],
        "survey_responses": [_row(chain, "response", i, "answered_at", metric="nps", score=0) for i in range(3)],
    }
    for table, rows in sent.items():
        taken = chain.client.events(table, rows)
        assert (taken.accepted, taken.rejected) == (len(rows), 0)
    wait(lambda: chain.client.predict(chain.account_id).churn_prob != before.churn_prob)
    after = chain.client.predict(chain.account_id)
    assert after.release == before.release
    assert str(after.as_of) > now.isoformat() > str(before.as_of)
    assert chain.client.events("activities", sent["activities"]).duplicate == 20


def _row(chain: Chain, what: str, place: int, when: str, **said: Any) -> dict[str, Any]:
    at = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1 + place)
    return {f"{what}_id": f"chain-{place}", "account_id": chain.account_id, when: at.isoformat(), **said}


def test_a_tier_that_changes_is_told_to_a_crm_once_and_signed(chain: Chain, receiver: Receiver, wait: Any) -> None:
    customers = _values(chain.folder, select(SCORES.c.account_id))
    before = {one: chain.client.predict(one).tier for one in customers}
    rows = [
        {**_row(chain, "response", i, "answered_at", metric="nps", score=0), "response_id": f"nps-{one}-{i}"}
        | {"account_id": one}
        for one in customers
        for i in range(3)
    ]
    sent = datetime.now(UTC).replace(tzinfo=None).isoformat()
    assert chain.client.events("survey_responses", rows).rejected == 0
    wait(lambda: all(str(chain.client.predict(one).as_of) > sent for one in customers))
    after = {one: chain.client.predict(one).tier for one in customers}
    changed = {one: after[one] for one in customers if after[one] != before[one]}
    assert changed
    wait(lambda: changed.items() <= _latest(receiver).items())
    told = [(said["account_id"], said["as_of"]) for said in receiver.verified]
    assert len(told) == len(set(told))


def _latest(receiver: Receiver) -> dict[str, str]:
    """The tier that each account was last told to have."""
    return {said["account_id"]: said["tier"] for said in sorted(receiver.verified, key=lambda said: said["as_of"])}


def test_several_workers_answer_and_tell_the_sum_of_what_they_did(chain: Chain) -> None:
    assert len(chain.pids("answers")) == WORKERS
    shared = chain.folder / ".perennial" / f"bentoml-{httpx.URL(chain.url).port}" / "prometheus_multiproc_dir"
    assert {int(path.stem.rpartition("_")[2]) for path in shared.glob("counter_*.db")} <= set(chain.pids("answers"))
    headers = {"Authorization": f"Bearer {chain.key}"}
    found = text_string_to_metric_families(httpx.get(f"{chain.url}/metrics", headers=headers).text)
    samples = {(one.name, *one.labels.values()): one.value for family in found for one in family.samples}
    answered = sum(value for (name, *labels), value in samples.items() if labels == ["/predict", "200"])
    # The test before asked of every customer twice at least.
    assert answered >= 2 * len(_values(chain.folder, select(SCORES.c.account_id)))
    assert samples[("perennial_requests_in_flight",)] == 0


def test_events_sent_to_several_workers_side_by_side_are_all_kept(chain: Chain) -> None:
    sent = [
        {**_row(chain, "activity", 0, "occurred_at", event="login"), "activity_id": f"beside-{i}"} for i in range(80)
    ]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda row: chain.client.events("activities", [row]).accepted, sent))
    assert sum(taken) == 80
    kept = _values(chain.folder, select(LIVE_ROWS.c.row_key).where(LIVE_ROWS.c.row_key.startswith("beside-")))
    assert sorted(kept) == sorted(row["activity_id"] for row in sent)


def test_a_worker_that_is_killed_is_replaced_and_the_others_answer(chain: Chain, wait: Any) -> None:
    killed = chain.pids("answers")[0]
    os.kill(killed, signal.SIGKILL)
    wait(chain.answers, seconds=5)
    wait(lambda: len(chain.pids("answers")) == WORKERS and killed not in chain.pids("answers"))


def test_a_first_process_that_is_killed_comes_back_within_seconds(chain: Chain, wait: Any) -> None:
    (first,), answering = chain.pids("first"), chain.pids("answers")
    os.kill(first, signal.SIGKILL)
    began = time.monotonic()
    wait(lambda: not {first, *answering} & set(descendants(chain.process.pid)))
    wait(chain.answers)
    assert time.monotonic() - began < 20
    assert "the service was ended by SIGKILL unexpectedly" in chain.log.read_text("utf-8")


def test_a_signal_leaves_no_process(chain: Chain) -> None:
    started = descendants(chain.process.pid)
    assert len(started) >= WORKERS + 2
    chain.process.terminate()
    assert chain.process.wait(timeout=40) in (0, 128 + signal.SIGTERM)
    assert not any(Path(f"/proc/{pid}").exists() for pid in started)
    assert not chain.answers()
    assert "Traceback" not in chain.log.read_text("utf-8")
