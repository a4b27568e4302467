"""What stands around every page: navigation, files, who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serving.dashboard.files import href_of
from serving.dashboard.render import rendered
from serving.routes import PAGES


@dataclass(frozen=True)
class Shell:
    """Where a page stands.

    Attributes
    ----------
    title
        in the window.
    current
        name of the page among those of the site; None for others.
    entries
        name, title and address of the pages there are.
    footer
        which release, as of when, and how far it is to be trusted.
    form_token
        of the session; "" where nobody signed in.
    """

    title: str
    current: str | None = None
    entries: tuple[dict[str, str], ...] = ()
    footer: str = ""
    form_token: str = ""


def as_document(template: str, shell: Shell, **values: Any) -> str:
    """Return a whole document of HTML."""
    around: dict[str, Any] = {
        "title": shell.title,
        "current": shell.current,
        "entries": shell.entries,
        "footer": shell.footer,
        "form_token": shell.form_token,
        "home": PAGES,
        "href": href_of,
        "to": lambda address: address,
    }
    return rendered(template, **around | values)
