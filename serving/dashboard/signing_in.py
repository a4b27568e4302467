"""Signing in and out: with a key for reading, by forms that no other site can send."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from serving.dashboard.shell import Shell, as_document
from serving.errors import Refusal
from serving.keyring import Keyring
from serving.keys import Key
from serving.loopback import is_loopback
from serving.routes import PAGES
from serving.sessions import COOKIE, SESSION_SECONDS, begun, form_token

SIGN_IN = f"{PAGES}/sign-in"
ASKED = "perennial_sign_in"
"""The cookie whose value the sign-in form has to carry too."""
MOST_FIELDS = 10
OPENS_NOTHING = "That key opens nothing here: expected a live key for read."


def sign_in_page(request: Request, wanted: str, problem: str = "", status: int = 200) -> Response:
    """Return the form, which leads on to the page that was wanted, and the cookie that belongs to it."""
    token = secrets.token_urlsafe(24)
    values = {"sign_in_token": token, "next": _inside(wanted), "problem": problem}
    reply = HTMLResponse(as_document("sign_in.html", Shell("Sign in"), **values), status)
    _set(reply, request, ASKED, token, 3_600)
    return reply


async def signed_in(request: Request, keyring: Keyring) -> Response:
    """Begin a session, or show the form again and say why not."""
    form = await form_of(request)
    wanted = form.get("next", "")
    if not _is_own_form(request, form):
        return sign_in_page(request, wanted, "The form was too old, or came from elsewhere: send it again.", 403)
    try:
        key = keyring.key_of(f"Bearer {form.get('key', '').strip()}")
    except Refusal as refusal:
        return sign_in_page(request, wanted, OPENS_NOTHING if refusal.status == 401 else str(refusal), refusal.status)
    if not key.allows("read"):
        return sign_in_page(request, wanted, OPENS_NOTHING, 403)
    reply = RedirectResponse(_inside(wanted), 303)
    _set(reply, request, COOKIE, begun(key, keyring.kept.now()), SESSION_SECONDS)
    reply.delete_cookie(ASKED, path=PAGES)
    return reply


async def signed_out(request: Request, keyring: Keyring) -> Response:
    """End the session of this browser.

    Raises
    ------
    Refusal
        When the form is not of this session.
    """
    form, token = await form_of(request), request.cookies.get(COOKIE, "")
    if not hmac.compare_digest(form.get("form_token", ""), form_token(token, keyring.key_of_session(token))):
        raise Refusal("forbidden", "got a form of another session; expected one of this; open the page again")
    reply = RedirectResponse(SIGN_IN, 303)
    reply.delete_cookie(COOKIE, path=PAGES)
    return reply


def form_token_of(request: Request, keyring: Keyring | None) -> str:
    """Return what forms of this session carry; "" where nobody signed in."""
    token = request.cookies.get(COOKIE, "")
    if keyring is None or not token:
        return ""
    try:
        key: Key = keyring.key_of_session(token)
    except Refusal:
        return ""
    return form_token(token, key)


async def form_of(request: Request) -> Mapping[str, str]:
    """Return the fields of a form.

    Raises
    ------
    Refusal
        When it is none.
    """
    try:
        return dict(parse_qsl((await request.body()).decode(), max_num_fields=MOST_FIELDS))
    except ValueError:
        raise Refusal("bad_request", "got a form that cannot be read; expected one of these pages") from None


def _is_own_form(request: Request, form: Mapping[str, str]) -> bool:
    held = request.cookies.get(ASKED, "")
    return bool(held) and hmac.compare_digest(held, form.get("form_token", ""))


def _inside(address: str) -> str:
    """The address to go on to: of these pages, whatever came.

    >>> _inside("/dashboard/accounts?tier=high"), _inside("//elsewhere.example"), _inside("/dashboard@elsewhere")
    ('/dashboard/accounts?tier=high', '/dashboard', '/dashboard')
    """
    is_ours = address == PAGES or address.startswith((f"{PAGES}/", f"{PAGES}?"))
    return address if is_ours and "\\" not in address and not any(ord(c) < 33 for c in address) else PAGES


def _set(reply: Response, request: Request, name: str, value: str, seconds: int) -> None:
    """Set a cookie that no script reads and no other site sends; over plain HTTP only to this machine."""
    is_here = is_loopback(request.url.hostname or "")
    reply.set_cookie(name, value, seconds, path=PAGES, secure=not is_here, httponly=True, samesite="strict")
