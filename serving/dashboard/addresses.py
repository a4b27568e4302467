"""Where pages are, with what is asked of them."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from serving.routes import PAGES


def address(page: str, /, **asked: str) -> str:
    """Return the address of a page; what is asked and is "" is left out.

    >>> address("accounts", tier="high", search=""), address("accounts/A 1")
    ('/dashboard/accounts?tier=high', '/dashboard/accounts/A%201')
    """
    said = {name: value for name, value in asked.items() if value}
    return f"{PAGES}/{quote(page)}" + (f"?{urlencode(said)}" if said else "")


def account_address(account_id: str, /, **asked: str) -> str:
    """Return the address of an account's page, whatever characters its id has.

    Browsers take "." and ".." for folders; such an id, and one that begins so itself, has a "~" before it.

    >>> account_address("A/1 ?"), account_address(".."), account_address("~", table="contacts")
    ('/dashboard/accounts/A%2F1%20%3F', '/dashboard/accounts/~..', '/dashboard/accounts/~~?table=contacts')
    """
    mark = MARK if account_id in UNADDRESSABLE or account_id.startswith(MARK) else ""
    query = f"?{urlencode(asked)}" if asked else ""
    return f"{PAGES}/accounts/{mark}{quote(account_id, safe='')}{query}"


def account_of(said: str) -> str:
    """Return the id that an address says.

    >>> account_of("~.."), account_of("A/1"), account_of("~~")
    ('..', 'A/1', '~')
    """
    return said.removeprefix(MARK)


MARK = "~"
UNADDRESSABLE = (".", "..", "accounts.csv")
"""The last is where all accounts are downloaded."""
