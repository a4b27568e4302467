"""What a page is made of: numbers, tables, charts, words and forms; pages choose, templates draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from serving.dashboard.shown import Shown
from serving.dashboard.table import Table


@dataclass(frozen=True)
class Figures:
    """Numbers side by side."""

    shown: Sequence[Shown]


@dataclass(frozen=True)
class Chart:
    """A picture, with the numbers that it shows as a table for whoever cannot see it.

    Attributes
    ----------
    name
        unique on its page; of the download too.
    title, says
        what it shows, and what there is to see in it, in a sentence.
    data, layout
        of Plotly; colours are names of the design's tokens, such as "--cause".
    height
        in pixels.
    """

    name: str
    title: str
    says: str
    data: Sequence[dict[str, Any]]
    table: Table
    layout: dict[str, Any] = field(default_factory=dict)
    height: int = 320


@dataclass(frozen=True)
class Note:
    """Words: plain, a caution, or why something cannot be told."""

    text: str
    kind: Literal["plain", "caution", "refused", "predicts"] = "plain"
    href: str = ""
    link: str = ""


@dataclass(frozen=True)
class Choice:
    """A field of which one value is chosen; `options` are value and name."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    chosen: str = ""


@dataclass(frozen=True)
class Search:
    """A field for text."""

    name: str
    label: str
    value: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Slider:
    """A field for a number out of some, in order."""

    name: str
    label: str
    steps: Sequence[tuple[str, str]]
    chosen: str = ""


@dataclass(frozen=True)
class Form:
    """Fields that ask for the same page again, with other values in its address.

    `kept` are values of the address that stay as they are; `anchor` is the section to come back to.
    """

    label: str
    fields: Sequence[Choice | Search | Slider]
    button: str = "Show"
    kept: Sequence[tuple[str, str]] = ()
    anchor: str = ""


@dataclass(frozen=True)
class Moment:
    """Something that happened, on a line of time."""

    when: str
    kind: str
    what: str
    tone: Literal["", "good", "bad"] = ""


@dataclass(frozen=True)
class Timeline:
    """What happened, the latest first."""

    name: str
    moments: Sequence[Moment]
    empty: str = "Nothing has happened yet."


@dataclass(frozen=True)
class Pager:
    """Which rows of how many are shown, and where the others are."""

    first: int
    last: int
    total: int
    previous_href: str = ""
    next_href: str = ""


@dataclass(frozen=True)
class Prose:
    """Text of a document in Markdown's headings, lists and tables, as a model card has it."""

    text: str


Block = Figures | Chart | Note | Form | Table | Timeline | Pager | Prose


@dataclass(frozen=True)
class Section:
    """Blocks under a heading; `beside` stand to their right where there is room."""

    title: str
    blocks: Sequence[Block]
    lead: str = ""
    beside: Sequence[Block] = ()
    anchor: str = ""


@dataclass(frozen=True)
class Page:
    """A page: what it is called, what it answers, and its sections."""

    title: str
    lead: str
    sections: Sequence[Section]

    def tables(self) -> dict[str, Table]:
        """Return the tables that can be downloaded, those of charts too, by name."""
        blocks = [block for section in self.sections for block in (*section.blocks, *section.beside)]
        found = [block.table if isinstance(block, Chart) else block for block in blocks]
        return {table.name: table for table in found if isinstance(table, Table)}
