"""What every request passes, tried on applications of three lines."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from serving.logs import JsonLines
from serving.middleware import guarded
from serving.settings import Settings

SETTINGS = Settings(body_limit_bytes=1000, body_timeout_seconds=0.2)
JSON = {"Content-Type": "application/json"}


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the body that came, and that nothing comes after it."""
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"], "more_body": True})
    await send({"type": "http.response.body", "body": b"" if not message["more_body"] else b"more"})


async def forbid(scope: Any, receive: Any, send: Any) -> None:
    """Answer with a foreign error, in pieces."""
    headers = [(b"content-length", b"9"), (b"content-type", b"text/html"), (b"allow", b"POST")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    for piece in (b"<b>", b"no", b"</b>"):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def ask(app: Any, method: str = "POST", url: str = "/", **kwargs: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(guarded(app, SETTINGS))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, url, **kwargs)

    return asyncio.run(run())


async def _pieces(n: int, pause_seconds: float = 0.0) -> AsyncIterator[bytes]:
    for _ in range(n):
        await asyncio.sleep(pause_seconds)
        yield b"x" * 100


def test_a_body_within_the_limit_arrives_whole() -> None:
    assert ask(echo, content=b"x" * 1000, headers=JSON).content == b"x" * 1000
    assert ask(echo, content=_pieces(10), headers=JSON).content == b"x" * 1000


@pytest.mark.parametrize("content", [lambda: b"x" * 1001, lambda: _pieces(11)])
def test_a_larger_body_is_refused_streamed_or_not(content: Callable[[], Any]) -> None:
    reply = ask(echo, content=content(), headers=JSON)
    assert reply.status_code == 413
    assert reply.json()["error"]["code"] == "body_too_large"
    assert "expected 1000 bytes at most" in reply.json()["error"]["message"]


def test_a_body_that_lies_about_its_length_is_measured() -> None:
    reply = ask(echo, content=_pieces(11), headers=JSON | {"Content-Length": "5"})
    assert reply.status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    reply = ask(echo, content=_pieces(3, pause_seconds=0.15), headers=JSON)
    assert (reply.status_code, reply.json()["error"]["code"]) == (408, "body_timeout")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/vnd.bentoml+pickle", "text/plain"])
def test_what_is_not_json_is_refused_with_the_header_to_send(kind: str) -> None:
    reply = ask(echo, content=b"{}", headers={"Content-Type": kind})
    assert reply.status_code == 415
    assert "send JSON with the header Content-Type: application/json" in reply.json()["error"]["message"]


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json; charset=utf-8"}])
def test_json_may_come_with_a_charset_or_without_a_type(headers: dict[str, str]) -> None:
    assert ask(echo, content=b"{}", headers=headers).status_code == 200


def test_a_foreign_error_gets_our_shape_and_keeps_its_headers() -> None:
    reply = ask(forbid, "GET")
    assert (reply.status_code, reply.headers["allow"]) == (403, "POST")
    assert reply.headers["content-type"] == "application/json"
    assert reply.json()["error"]["code"] == "forbidden"
    assert int(reply.headers["content-length"]) == len(reply.content)


def test_a_request_id_comes_back_or_is_made() -> None:
    assert ask(echo, headers={"X-Request-Id": "crm-17:a"}).headers["x-request-id"] == "crm-17:a"
    for bad in ("two words", "x" * 129, "<script>", ""):
        made = ask(echo, headers={"X-Request-Id": bad}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", made)


def _lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(JsonLines().format(record)) for record in caplog.records if record.name == "perennial.access"]


def test_every_request_is_logged_with_its_id_and_the_status_that_went_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="perennial.access"):
        ask(echo, url="/predict", content=b"x" * 2000, headers=JSON | {"X-Request-Id": "crm-18"})
    (line,) = _lines(caplog)
    assert (line["request_id"], line["method"], line["route"], line["status"]) == ("crm-18", "POST", "/predict", 413)
    assert 0 < line["ms"] < 10_000
    assert line["key"] is line["release"] is None


def test_what_an_address_holds_does_not_reach_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="perennial.access"):
        ask(echo, "GET", url="/accounts/A-1%0Aforged?account=A-1")
    (line,) = _lines(caplog)
    assert line["route"] == "unlisted"
    assert "A-1" not in json.dumps(line)


@pytest.mark.parametrize("app", [echo, forbid])
def test_every_reply_says_that_it_is_data_and_nothing_to_keep(app: Any) -> None:
    headers = ask(app, "GET").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'")


def test_a_page_that_has_a_policy_of_its_own_keeps_it() -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"Content-Security-Policy", b"default-src 'self'"), (b"Server", b"some")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    headers = ask(page, "GET").headers
    assert headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


def test_a_length_beyond_all_measure_is_refused() -> None:
    assert ask(echo, content=_pieces(1), headers=JSON | {"Content-Length": "9" * 5000}).status_code == 413


def test_the_error_body_is_json_whatever_the_method() -> None:
    assert json.loads(ask(forbid, "PUT", content=b"{}", headers=JSON).content)["error"]["details"] == []
