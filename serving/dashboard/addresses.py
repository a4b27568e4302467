"""Where pages are, with what is asked of them."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from serving.routes import PAGES


def address(page: str, **asked: str) -> str:
    """Return the address of a page; what is asked and is "" is left out.

    >>> address("accounts", tier="high", search=""), address("accounts/A 1")
    ('/dashboard/accounts?tier=high', '/dashboard/accounts/A%201')
    """
    said = {name: value for name, value in asked.items() if value}
    return f"{PAGES}/{quote(page)}" + (f"?{urlencode(said)}" if said else "")
