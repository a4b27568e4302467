"""All pages in one file, which opens from disk and asks nobody for anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from markupsafe import Markup

from serving.dashboard.board import Board
from serving.dashboard.files import file_named
from serving.dashboard.frame import footer
from serving.dashboard.render import rendered
from serving.dashboard.site import SITE, Entry

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""Everything is in the file; nothing may be fetched, whatever it says."""
_END = re.compile("</(script|style)", re.IGNORECASE)


def report(board: Board, tell: Callable[[str], object], site: Iterable[Entry] = SITE) -> str:
    """Return the report as one document of HTML.

    Parameters
    ----------
    board
        what it is made from; without a store the pages say that accounts are not scored.
    tell
        hears which page is made.
    """
    made = []
    for entry in site:
        if entry.is_in_report:
            tell(entry.title)
            made.append((entry, entry.build(board, {})))
    inside = {entry.href: f"#{entry.name}" for entry, _ in made}
    return rendered(
        "report.html",
        pages=made,
        version=board.manifest.version,
        footer=footer(board),
        policy=POLICY,
        style=_inline("app.css"),
        scripts=[_inline(name) for name in ("theme.js", "plotly.min.js", "app.js")],
        to=lambda href: _place(href, inside),
        downloads=None,
    )


def _place(href: str, inside: dict[str, str]) -> str:
    """Where an address of the pages is in the report; "" where it is not."""
    if href.startswith("#"):
        return href
    path, _, anchor = href.partition("#")
    page = path.partition("?")[0]
    if page not in inside or page != path:
        return ""
    return f"#{anchor}" if anchor else inside[page]


def _inline(name: str) -> Markup:
    """A file's text, so that it cannot end the element it stands in."""
    text = file_named(name).body.decode()
    return Markup(_END.sub(r"<\\/\1", text))  # noqa: S704  # our own files, and Plotly's
