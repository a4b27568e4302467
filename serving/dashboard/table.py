"""A table as it is shown and downloaded: columns with a unit and a kind of knowledge, rows of plain values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["text", "sentence", "id", "number", "money", "date", "tier", "verdict", "basis", "meter"]
Cell = float | int | str | None


class Link(NamedTuple):
    """A cell that leads somewhere."""

    text: str
    href: str


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        in the download.
    title
        above the column; with unit and, where numbers are no counts, whether they are predicted or caused.
    unit
        of its numbers, as `numbers.in_words` takes it.
    sort_href
        where the same rows are in order of this column; none where they cannot be asked for so.
    sorted
        how they are in order now.
    """

    name: str
    title: str
    kind: Kind = "text"
    unit: str = ""
    sort_href: str = ""
    sorted: Literal["", "ascending", "descending"] = ""


@dataclass(frozen=True)
class Table:
    """Rows under columns.

    Attributes
    ----------
    name
        unique on its page; of the download too.
    caption
        what it tells, shown above it.
    empty
        what is said where there are no rows.
    is_folded
        whether it is opened first, as one that is long beside a picture of the same.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell | Link]]
    empty: str = "Nothing to show."
    note: str = ""
    is_folded: bool = False

    def csv(self) -> str:
        """Return the table as CSV (RFC 4180), in full precision.

        >>> Table("t", "", [Column("a", "A"), Column("b", "B")], [(Link("=x", "/x"), 0.25), ("y", None)]).csv()
        "a,b\\r\\n'=x,0.25\\r\\ny,\\r\\n"
        """
        return "".join(csv_lines([column.name for column in self.columns], self.rows))


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[Cell | Link]]) -> Iterator[str]:
    """Yield the lines of a CSV; text that a spreadsheet would take for a formula is marked as text."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in (names, *rows) if isinstance(rows, Sequence) else _chained(names, rows):
        writer.writerow([_plain(cell) for cell in row])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def in_parts(lines: Iterable[str], size: int = 65_536) -> Iterator[str]:
    """Yield lines joined to parts of at least so many characters: a reply goes out part by part.

    >>> list(in_parts(["ab", "cd", "e"], 3))
    ['abcd', 'e']
    """
    held: list[str] = []
    n = 0
    for line in lines:
        held.append(line)
        n += len(line)
        if n >= size:
            yield "".join(held)
            held, n = [], 0
    if held:
        yield "".join(held)


def _chained(names: Sequence[str], rows: Iterable[Sequence[Cell | Link]]) -> Iterator[Sequence[Cell | Link]]:
    yield names
    yield from rows


def _plain(cell: Cell | Link) -> Cell:
    value = cell.text if isinstance(cell, Link) else cell
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None or value != value else value
