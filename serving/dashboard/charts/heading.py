"""What stands above a picture."""

from __future__ import annotations

from typing import NamedTuple


class Heading(NamedTuple):
    """A picture's name, unique on its page; its title; and in a sentence what there is to see in it."""

    name: str
    title: str
    says: str
