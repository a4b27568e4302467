"""What the words on the pages mean, each once."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

from serving.dashboard.blocks import Note, Page, Section
from serving.dashboard.board import Board

TERMS = Path(__file__).parents[1] / "terms.toml"


@functools.cache
def terms() -> dict[str, dict[str, str]]:
    """Return title and meaning of every term, by the name that pages link to.

    >>> terms()["nps"]["title"]
    'NPS'
    """
    return tomllib.loads(TERMS.read_text("utf-8"))


def definitions(_: Board, __: Mapping[str, str]) -> Page:
    """Return every word with its meaning."""
    sections = [
        Section(term["title"], [Note(" ".join(term["meaning"].split()))], anchor=f"term-{name}")
        for name, term in terms().items()
    ]
    return Page("Definitions", "What the words on these pages mean, and what a number of each kind can tell.", sections)
