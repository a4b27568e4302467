"""Who may come in: whose key it is, what the key is for, how often; and how many are answered at once, how long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.audit import LINE, Line
from serving.errors import Refusal
from serving.headers import cookie_of, header_of
from serving.keyring import Keyring
from serving.keys import Key
from serving.limits import InFlight, Rates, to_nobody
from serving.routes import OPEN, UNLISTED, Rule
from serving.sessions import COOKIE
from serving.settings import Settings

LONG_SECONDS = 600.0
"""So long a download may take."""


class Door:
    """Lets in requests with a key that is for what they ask, no more of one key than the rate; reads no body.

    Parameters
    ----------
    keyring
        asked for at each request; None where no keys are asked for.
    """

    def __init__(self, app: ASGIApp, settings: Settings, keyring: Callable[[], Keyring] | None) -> None:
        self.app = app
        self.keyring = keyring
        self.rates = Rates(settings.rate_per_second, settings.rate_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request that may come in.

        Raises
        ------
        Refusal
            When it may not.
        """
        if scope["type"] == "http" and self.keyring is not None:
            line: Line = scope[LINE]
            if line.rule.scope is not OPEN:
                key = _key_of(scope, self.keyring(), line.rule)
                line.key_id = key.key_id
                self.rates.check(key.key_id)
                _check_scope(key, line.rule, line.rule.scope)
        await self.app(scope, receive, send)


def _key_of(scope: Scope, keyring: Keyring, rule: Rule) -> Key:
    """The key of the request: people who look at pages sign in with it, programs send it each time."""
    header = header_of(scope, b"authorization")
    if rule.is_page and not header:
        return keyring.key_of_session(cookie_of(scope, COOKIE))
    return keyring.key_of(header)


def _check_scope(key: Key, rule: Rule, scope: str) -> None:
    if key.allows(scope):
        return
    if rule is UNLISTED:
        raise Refusal("not_found", "got an address where there is nothing; expected one of those in /docs.json")
    came = f"got a key for {', '.join(sorted(key.scopes))}"
    lacks = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
    raise Refusal("forbidden", f"{came}; expected one for {scope}; ask with another key", headers=lacks)


class Room:
    """Answers only so many requests at once, and gives up those that take too long.

    Attributes
    ----------
    in_flight
        Those being answered now; `counted` is told how many whenever that changes.
    """

    def __init__(self, app: ASGIApp, settings: Settings, counted: Callable[[int], object] = to_nobody) -> None:
        self.app = app
        self.seconds = settings.answer_timeout_seconds
        self.in_flight = InFlight(settings.most_in_flight, settings.most_heavy_in_flight, counted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request for which there is room.

        Raises
        ------
        Refusal
            When there is none, or no answer in time.
        """
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        rule = scope[LINE].rule
        with self.in_flight.one(rule):
            if rule.is_prompt:
                await asyncio.sleep(0)  # all that came by now are counted before the first of them is computed
                await self.app(scope, receive, send)
            else:
                seconds = LONG_SECONDS if rule.is_long else self.seconds
                await self._in_time(scope, receive, send, seconds)

    async def _in_time(self, scope: Scope, receive: Receive, send: Send, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds) as limit:
                await self.app(scope, receive, send)
        except TimeoutError:
            if not limit.expired():
                raise
            took = f"the answer took longer than {seconds:g} seconds"
            raise Refusal("timeout", f"{took}; ask again, or for fewer accounts") from None
