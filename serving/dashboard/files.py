"""Scripts and styles: served from here, named after what is in them, so that browsers keep them for good."""

from __future__ import annotations

import functools
import gzip
import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from serving.errors import Refusal
from serving.routes import FILE_OF_PAGES

OWN = Path(__file__).parent / "static"
KINDS = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
PLOTLY = "plotly.min.js"


class File(NamedTuple):
    """A file as it goes out."""

    kind: str
    body: bytes
    packed: bytes
    tag: str


@functools.cache
def file_named(name: str) -> File:
    """Return one of the files, read once.

    Raises
    ------
    Refusal
        When there is none of that name.
    """
    path = _plotly() if name == PLOTLY else OWN / name
    if name != PLOTLY and name not in _own_names():
        raise Refusal("not_found", "got a file that is not there; expected one that a page names")
    body = path.read_bytes()
    return File(KINDS[path.suffix], body, gzip.compress(body, 9, mtime=0), hashlib.sha256(body).hexdigest()[:16])


def href_of(name: str) -> str:
    """Return the address of a file: another one as soon as there is something else in it.

    >>> href_of("app.css").rpartition("?")[0]
    '/dashboard/files/app.css'
    """
    return f"{FILE_OF_PAGES.route}/{name}?{file_named(name).tag}"


def _own_names() -> set[str]:
    return {path.name for path in OWN.iterdir()}


def _plotly() -> Path:
    """Plotly's script as its Python package carries it; the package itself, which takes long to load, is not needed."""
    places = getattr(find_spec("plotly"), "submodule_search_locations", None) or ["."]
    return Path(places[0]) / "package_data" / PLOTLY
