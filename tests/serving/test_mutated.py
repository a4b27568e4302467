"""Bodies damaged at random: each gets an answer or an error in our shape, never one of ours, and takes no memory."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

SEEDS = [
    ("/predict", {"account_id": "A-0003"}),
    ("/predict", {"features": {"plan": "pro", "seats": 12.5, "nps_last": None, "is_partner": 1}, "explain": True}),
    ("/predict_batch", {"accounts": [{"account_id": "A-0001"}, {"features": {"seats": 3}, "explain": False}]}),
]
ODD = [
    *(None, True, False, 0, -1, 2**63, 10**400, 1e308, -1e308, 5e-324, "", "A-0003", "\x00", "\ud800", "x" * 2_000),
    *([], {}, [[]], {"a": {}}, [None] * 50, {"account_id": "A-0003"}, "../../etc/passwd", "' OR 1=1 --", "pro"),
]
RAW = [
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"[" * 5_000,
    b'{"a":' * 3_000,
    b"\xff\xfe",
    b"\x00",
    b'"\\ud800"',
    b"]",
]
TEXT = b'{}[]",:0123456789eE+-.truefalsn\\u \n\t\x00\xff\xc3'


def mutated(n: int, *, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield n bodies, each a good one with something wrong in its structure, its text, or both, and where it goes."""
    rng = random.Random(seed)  # noqa: S311  # it is to be repeatable
    for _ in range(n):
        path, body = rng.choice(SEEDS)
        said = copy.deepcopy(body)
        for _ in range(rng.randrange(3)):
            _damage(said, rng)
        text = bytearray(json.dumps(said).encode())
        for _ in range(rng.choice((0, 0, 1, 1, 3, 10))):
            _scratch(text, rng)
        yield path, bytes(text)


def _damage(node: Any, rng: random.Random) -> None:
    """Put something odd somewhere into a structure."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    if not keys:
        return
    key = rng.choice(keys)
    if isinstance(node[key], dict | list) and rng.random() < 0.6:
        _damage(node[key], rng)
    elif rng.random() < 0.2:
        del node[key]
    elif isinstance(node, dict) and rng.random() < 0.3:
        node[rng.choice(["", "seats", "plan", "explain", "x" * 300, "\x00", "__class__"])] = copy.deepcopy(
            rng.choice(ODD)
        )
    else:
        node[key] = copy.deepcopy(rng.choice(ODD))


def _scratch(text: bytearray, rng: random.Random) -> None:
    """Change, take out, double or put in some bytes."""
    at = rng.randrange(len(text) + 1)
    kind = rng.randrange(5)
    if kind == 0 and text:
        text[at % len(text)] = rng.choice(TEXT)
    elif kind == 1:
        del text[at : at + rng.randrange(1, 8)]
    elif kind == 2:
        text[at:at] = text[max(0, at - 20) : at]
    elif kind == 3:
        text[at:at] = rng.choice(RAW)
    else:
        text[at:at] = bytes([rng.choice(TEXT)])


def _check(reply: Any, body: bytes) -> None:
    assert reply.status_code < 500, body[:500]
    said = reply.json()
    if reply.status_code >= 400:
        assert said.keys() == {"error"}, body[:500]
        assert said["error"]["message"], body[:500]
    assert "Traceback" not in reply.text


def test_damaged_bodies_get_an_answer_or_a_clear_error(client: Any) -> None:
    seen = set()
    for path, body in mutated(600, seed=1):
        reply = client.post(path, content=body, headers={"Content-Type": "application/json"})
        _check(reply, body)
        seen.add(reply.status_code)
    assert {200, 400, 404, 422} <= seen


@pytest.mark.slow
def test_ten_thousand_damaged_bodies_leave_memory_as_it_was(company: Any, serving: Any, wait: Any) -> None:
    import httpx
    import psutil

    company.point("2026-01-31-a")
    with serving(company, company.folder / "server.log") as url, httpx.Client(base_url=url, timeout=30) as client:
        wait(lambda: _is_ready(client), seconds=60)
        worker = max(psutil.Process().children(recursive=True), key=lambda process: process.memory_info().rss)
        for path, body in mutated(2_000, seed=2):  # whatever is made once is made here
            _check(client.post(path, content=body, headers={"Content-Type": "application/json"}), body)
        before = worker.memory_info().rss
        for path, body in mutated(10_000, seed=3):
            _check(client.post(path, content=body, headers={"Content-Type": "application/json"}), body)
        grown = worker.memory_info().rss - before
    assert grown < 10_000_000


def _is_ready(client: Any) -> bool:
    import httpx

    try:
        return bool(client.get("/readyz").status_code == 200)
    except httpx.TransportError:
        return False
