"""The door: keys, scopes, rates, requests at once, answers that take too long."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.kept_keys import KeptKeys
from serving.keyring import Keyring
from serving.middleware import guarded
from serving.routes import OPEN, RULES
from serving.settings import Settings
from serving.store import Store


@pytest.fixture
def kept(tmp_path: Path) -> KeptKeys:
    return KeptKeys(Store(f"sqlite:///{tmp_path / 'online.db'}"))


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """Answer 204 to all."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Slow:
    """Answers when it is let, and counts who came in."""

    def __init__(self) -> None:
        self.came = 0
        self.go = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.came += 1
        await self.go.wait()
        await nothing(scope, receive, send)


def _client(app: Any, kept: KeptKeys | None, **settings: Any) -> httpx.AsyncClient:
    keyring = None
    if kept is not None:
        keyring = Keyring(kept)
        keyring.refresh()
    behind = guarded(app, Settings(**settings), None if keyring is None else lambda: keyring)
    return httpx.AsyncClient(transport=httpx.ASGITransport(behind), base_url="http://test")


def _ask(kept: KeptKeys | None, path: str, key: str | None = None, times: int = 1, **settings: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        async with _client(nothing, kept, **settings) as client:
            for _ in range(times):
                reply = await client.post(path, headers=headers)
            return reply

    return asyncio.run(run())


def _error(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.route)
def test_each_route_asks_for_its_scope_and_no_other(kept: KeptKeys, rule: Any) -> None:
    assert _ask(kept, rule.route).status_code == (204 if rule.scope is OPEN else 401)
    for scope in ("predict", "ingest", "read", "admin"):
        may = rule.scope in (OPEN, scope) or scope == "admin"
        assert _ask(kept, rule.route, kept.create("x", [scope])).status_code == (204 if may else 403)


def test_a_refusal_says_how_to_come_in(kept: KeptKeys) -> None:
    reply = _ask(kept, "/predict")
    assert (_error(reply), reply.headers["www-authenticate"]) == ((401, "unauthorized"), "Bearer")
    reply = _ask(kept, "/predict", kept.create("x", ["read"]))
    assert _error(reply) == (403, "forbidden")
    assert reply.json()["error"]["message"] == "got a key for read; expected one for predict; ask with another key"
    assert reply.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="predict"'


@pytest.mark.parametrize("path", ["/nothing", "/predict/", "//predict", "/PREDICT", "/api", "/accounts/A-1"])
def test_without_a_key_nobody_learns_which_addresses_there_are(kept: KeptKeys, path: str) -> None:
    without, known = _ask(kept, path), _ask(kept, "/predict")
    assert without.json() == known.json()
    assert _error(_ask(kept, path, kept.create("x", ["predict"]))) == (404, "not_found")


def test_a_body_is_not_read_of_whom_has_no_key(kept: KeptKeys) -> None:
    async def body() -> Any:
        raise AssertionError("it was read")
        yield b""

    async def run() -> int:
        async with _client(nothing, kept) as client:
            return (await client.post("/predict", content=body())).status_code

    assert asyncio.run(run()) == 401


def test_one_key_gets_its_rate_and_the_other_is_not_touched(kept: KeptKeys) -> None:
    key, other = (kept.create(name, ["predict"]) for name in "ab")
    limits = {"rate_per_second": 0.01, "rate_burst": 2}
    assert _ask(kept, "/predict", key, times=2, **limits).status_code == 204

    async def run() -> list[httpx.Response]:
        async with _client(nothing, kept, **limits) as client:
            asked = [key, key, key, other]
            return [await client.post("/predict", headers={"Authorization": f"Bearer {one}"}) for one in asked]

    replies = asyncio.run(run())
    assert [reply.status_code for reply in replies] == [204, 204, 429, 204]
    assert _error(replies[2]) == (429, "rate_limited")
    assert 99 <= int(replies[2].headers["retry-after"]) <= 100


@pytest.mark.parametrize(("path", "most"), [("/predict", 3), ("/predict_batch", 2)])
def test_what_is_too_much_at_once_is_refused_at_once(path: str, most: int) -> None:
    slow = Slow()

    async def run() -> None:
        async with _client(slow, None, most_in_flight=3, most_heavy_in_flight=2) as client:
            waiting = [asyncio.create_task(client.post(path)) for _ in range(most)]
            while slow.came < most:
                await asyncio.sleep(0)
            reply = await client.post(path)
            assert _error(reply) == (429, "too_many_requests")
            assert reply.headers["retry-after"] == "1"
            slow.go.set()
            assert {(await one).status_code for one in waiting} == {204}
            assert (await client.post(path)).status_code == 204
            assert slow.came == most + 1

    asyncio.run(run())


def test_how_many_are_in_flight_is_told_as_it_changes() -> None:
    slow, told = Slow(), list[int]()

    async def run() -> None:
        transport = httpx.ASGITransport(guarded(slow, Settings(), counted=told.append))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            waiting = [asyncio.create_task(client.post("/predict")) for _ in range(2)]
            while slow.came < 2:
                await asyncio.sleep(0)
            slow.go.set()
            await asyncio.gather(*waiting)

    asyncio.run(run())
    assert told == [1, 2, 1, 0]


def test_answers_that_wait_for_nothing_are_no_queue_either() -> None:
    async def run() -> list[int]:
        async with _client(nothing, None, most_in_flight=3) as client:
            replies = await asyncio.gather(*(client.post("/predict") for _ in range(8)))
            return [reply.status_code for reply in replies]

    assert sorted(asyncio.run(run())) == [204] * 3 + [429] * 5


def test_whether_it_lives_is_told_however_busy_it_is() -> None:
    async def run() -> int:
        async with _client(nothing, None, most_in_flight=1) as client:
            behind: Any = client._transport.app.app.app.app  # type: ignore[attr-defined]
            behind.in_flight.now = 1
            assert (await client.post("/predict")).status_code == 429
            return (await client.get("/livez")).status_code

    assert asyncio.run(run()) == 204


def test_an_answer_that_takes_too_long_is_given_up() -> None:
    async def run() -> httpx.Response:
        async with _client(Slow(), None, answer_timeout_seconds=0.02) as client:
            return await client.post("/predict_batch")

    reply = asyncio.run(run())
    assert _error(reply) == (504, "timeout")
    assert "took longer than 0.02 seconds" in reply.json()["error"]["message"]
