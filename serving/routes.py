"""The routes there are, and what a key must be for to ask them."""

from __future__ import annotations

from typing import NamedTuple

OPEN = None


class Rule(NamedTuple):
    """What holds for a route.

    Attributes
    ----------
    route
        Its name in logs and metrics: never the path that came, which may hold an account's id.
    scope
        What a key must be for; `OPEN`: no key is asked for.
    is_heavy
        Whether one request is the work of many.
    is_work
        Whether it counts among the requests in flight; whether the service lives is told however busy it is.
    is_prompt
        Whether it is answered without waiting for anything, so that no limit of time could end it.
    is_long
        Whether it may take as long as its reader does: it sends more than goes out in seconds.
    is_page
        Whether people look at it: they sign in, send forms, and read errors as pages.
    """

    route: str
    scope: str | None
    is_heavy: bool = False
    is_work: bool = True
    is_prompt: bool = False
    is_long: bool = False
    is_page: bool = False


RULES = (
    Rule("/livez", OPEN, is_work=False),
    Rule("/healthz", OPEN, is_work=False),
    Rule("/readyz", OPEN, is_work=False),
    Rule("/docs.json", OPEN),
    Rule("/metrics", "read", is_work=False),
    Rule("/predict", "predict", is_prompt=True),
    Rule("/predict_batch", "predict", is_heavy=True),
    Rule("/events", "ingest"),
    Rule("/interventions", "ingest"),
    Rule("/api/drivers", "read"),
    Rule("/api/segments", "read"),
    Rule("/api/experience", "read"),
    Rule("/api/value", "read"),
    Rule("/api/actions", "read"),
    Rule("/api/journeys", "read"),
    Rule("/api/release", "read"),
)
"""Whether it lives and is ready is open, as who asks that holds no keys; so is the document of the routes."""

UNLISTED = Rule("unlisted", "admin")
"""An address that is not listed is asked for a key before it is told that there is nothing."""

PAGES = "/dashboard"
PAGE = Rule(PAGES, "read", is_page=True)
DOWNLOAD = Rule(f"{PAGES}/accounts/accounts.csv", "read", is_heavy=True, is_long=True, is_page=True)
OPEN_PAGE = Rule(f"{PAGES}/sign-in", OPEN, is_page=True)
FILE_OF_PAGES = Rule(f"{PAGES}/files", OPEN, is_page=True)

_BY_PATH = {rule.route: rule for rule in (*RULES, PAGE, OPEN_PAGE, DOWNLOAD)}


def rule_of(path: str) -> Rule:
    """Return the rule of a path.

    >>> rule_of("/predict").scope, rule_of("/predict/").route, rule_of("/dashboard/accounts/A-1").route
    ('predict', 'unlisted', '/dashboard')
    >>> rule_of("/dashboard/accounts/accounts.csv").is_long, rule_of("/dashboard/accounts").is_long
    (True, False)
    """
    if found := _BY_PATH.get(path):
        return found
    if path.startswith(f"{FILE_OF_PAGES.route}/"):
        return FILE_OF_PAGES
    return PAGE if path.startswith(f"{PAGES}/") else UNLISTED
