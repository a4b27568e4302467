"""Signing in: by a key, for some hours, and no longer than the key lives; forms of other sites do nothing."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from serving.dashboard.app import as_page, dashboard
from serving.errors import Refusal
from serving.kept_keys import KeptKeys
from serving.keyring import Keyring
from serving.middleware import guarded
from serving.sessions import COOKIE, SESSION_SECONDS, begun
from serving.settings import Settings
from serving.store import Store

NOW = 1_800_000_000.0


@pytest.fixture
def kept() -> KeptKeys:
    return KeptKeys(Store("sqlite://"), now=lambda: NOW)


@pytest.fixture
def keyring(kept: KeptKeys) -> Keyring:
    kept.create("board", ["read"])
    kept.create("crm", ["predict"])
    found = Keyring(kept)
    found.refresh()
    return found


@pytest.fixture
def browser_like(keyring: Keyring) -> Any:
    """A client that keeps cookies, before pages that no release stands behind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        from starlette.testclient import TestClient
    answers: Any = SimpleNamespace(
        champion=SimpleNamespace(predictor=None), not_ready=lambda: "no release yet", suggested=None
    )
    pages = Starlette(routes=[Mount("/dashboard", dashboard(lambda: answers, lambda: keyring))])
    app = guarded(pages, Settings(), lambda: keyring, as_page=as_page)
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


def _form(client: Any) -> str:
    text = client.get("/dashboard/sign-in").text
    return str(text.partition('name="form_token" value="')[2].partition('"')[0])


def test_a_session_goes_on_for_hours_and_ends_with_its_key(keyring: Keyring, kept: KeptKeys) -> None:
    key = next(one for one in kept.all() if one.label == "board")
    token = begun(key, NOW)
    assert keyring.key_of_session(token).key_id == key.key_id
    kept.now = lambda: NOW + SESSION_SECONDS
    with pytest.raises(Refusal, match=r"got no session; expected one; sign in at"):
        keyring.key_of_session(token)
    kept.now = lambda: NOW
    kept.revoke(key.key_id)
    keyring.refresh()
    with pytest.raises(Refusal, match=r"got no session"):
        keyring.key_of_session(token)


def test_a_session_of_another_key_or_a_later_hour_cannot_be_made_up(keyring: Keyring, kept: KeptKeys) -> None:
    board, crm = kept.all()
    said, _, signature = begun(board, NOW).rpartition(".")
    key_id, until, nonce = said.split(".")
    for forged in (
        f"{crm.key_id}.{until}.{nonce}",
        f"{key_id}.{int(until) + 9}.{nonce}",
        f"{key_id}.{until}.{'0' * 32}",
    ):
        with pytest.raises(Refusal, match="got no session"):
            keyring.key_of_session(f"{forged}.{signature}")


def test_who_has_not_signed_in_is_led_to_the_form_and_programs_are_told_so(browser_like: Any) -> None:
    reply = browser_like.get("/dashboard/accounts?tier=high")
    assert reply.status_code == 303
    assert reply.headers["location"] == "/dashboard/sign-in?next=%2Fdashboard%2Faccounts%3Ftier%3Dhigh"
    assert browser_like.get("/predict").status_code == 401


def test_a_key_for_predictions_alone_opens_no_page(browser_like: Any, kept: KeptKeys) -> None:
    text = kept.create("program", ["predict"])
    reply = browser_like.post("/dashboard/sign-in", data={"form_token": _form(browser_like), "key": text})
    assert reply.status_code in (401, 403)
    assert "opens nothing here" in reply.text
    assert COOKIE not in browser_like.cookies


def test_a_form_from_elsewhere_is_refused(browser_like: Any, keyring: Keyring, kept: KeptKeys) -> None:
    text = kept.create("reader", ["read"])
    keyring.refresh()
    assert browser_like.post("/dashboard/sign-in", data={"form_token": "x", "key": text}).status_code == 403
    reply = browser_like.post("/dashboard/sign-in", data={"form_token": _form(browser_like), "key": text})
    assert reply.status_code == 303
    assert "httponly" in reply.headers["set-cookie"].lower()
    assert "samesite=strict" in reply.headers["set-cookie"].lower()
    assert text not in str(reply.headers)
    assert browser_like.post("/dashboard/sign-out", data={"form_token": "x"}).status_code == 403
    assert browser_like.get("/dashboard/").status_code == 503  # let in; no release serves


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/dashboard\\evil", "/api/drivers"])
def test_nobody_is_led_away_after_signing_in(
    browser_like: Any, keyring: Keyring, kept: KeptKeys, elsewhere: str
) -> None:
    text = kept.create("reader", ["read"])
    keyring.refresh()
    form = {"form_token": _form(browser_like), "key": text, "next": elsewhere}
    assert browser_like.post("/dashboard/sign-in", data=form).headers["location"] == "/dashboard"
