"""Several Parquet files as one table, by what their footers say: who holds which columns, and of which types."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import UnreadableFile

if TYPE_CHECKING:
    import pyarrow as pa

# The number of a row is its number in its file, and above these bits the file's place among those of its table.
ROW_BITS = 40


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file says of itself: its rows, and the type of each column."""

    path: Path
    n: int
    types: dict[str, pa.DataType]


@dataclass(frozen=True, slots=True)
class Part:
    """Files with the same columns, and the place of each among all files of the table.

    `names` are the columns to take and how the table calls them, `sample` a file that has them where `files` is empty.
    """

    files: tuple[Path, ...]
    places: tuple[int, ...]
    names: dict[str, str]
    types: dict[str, pa.DataType]
    sample: Path


def footer(path: Path) -> Footer:
    """Return what a Parquet file says of itself; nothing else of it is read.

    Raises
    ------
    UnreadableFile
        when it is gone, or no Parquet file.
    """
    import pyarrow.parquet as pq

    try:
        said = pq.read_metadata(path)
        schema = said.schema.to_arrow_schema()
    except FileNotFoundError as problem:
        raise UnreadableFile(path, "it is gone") from problem
    except (OSError, ValueError) as problem:
        raise UnreadableFile(path, str(problem)) from problem
    return Footer(path, said.num_rows, dict(zip(schema.names, schema.types, strict=True)))


def parts(footers: Sequence[Footer], only: Collection[int] | None = None) -> list[Part]:
    """Return the files grouped by their columns: all of them, or only those at some places.

    Every group is there whatever was chosen, so that the table has the same columns. Files without rows say nothing.
    """
    groups = _alike(footers)
    names, typed = _names([footers[places[0]] for places in groups])
    found = []
    for places in groups:
        first = footers[places[0]]
        # A column without any type holds nothing, and would spoil the type that it has elsewhere.
        taken = {
            name: names[name.casefold()]
            for name, kind in first.types.items()
            if len(groups) == 1 or str(kind) != "null" or name.casefold() not in typed
        }
        chosen = tuple(place for place in places if only is None or place in only)
        files = tuple(footers[place].path for place in chosen)
        found.append(Part(files, chosen, taken, first.types, first.path))
    return found


def _alike(footers: Sequence[Footer]) -> list[list[int]]:
    """Places of files with the same columns; those without rows are left out where others have some."""
    telling = [place for place, each in enumerate(footers) if each.n]
    telling = telling or [place for place, each in enumerate(footers) if each.types]
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for place in telling:
        key = tuple((name, str(kind)) for name, kind in footers[place].types.items())
        groups.setdefault(key, []).append(place)
    return list(groups.values())


def _names(firsts: Iterable[Footer]) -> tuple[dict[str, str], set[str]]:
    """How the first file that has it spells each column, and which columns have a type; engines see no upper case."""
    names: dict[str, str] = {}
    typed: set[str] = set()
    for each in firsts:
        for name, kind in each.types.items():
            names.setdefault(name.casefold(), name)
            typed |= {name.casefold()} if str(kind) != "null" else set()
    return names, typed


def conflict(footers: Sequence[Footer]) -> tuple[str, Footer, Footer] | None:
    """Return a column with types that no type holds both of, and the first two files that differ; None without any."""
    seen: dict[str, tuple[str, Footer, str]] = {}
    for each in (footers[places[0]] for places in _alike(footers)):
        for name, kind in each.types.items():
            family = _family(kind)
            first = seen.setdefault(name.casefold(), (family, each, name)) if family else None
            if first and first[0] != family:
                return first[2], first[1], each
    return None


def _family(kind: pa.DataType) -> str | None:
    """Types that become one another without a doubt are of one family; None for a column without a type."""
    import pyarrow.types as is_a

    if is_a.is_dictionary(kind):
        return _family(kind.value_type)
    if is_a.is_integer(kind) or is_a.is_floating(kind) or is_a.is_decimal(kind):
        return "number"
    if is_a.is_timestamp(kind) or is_a.is_date(kind):
        return "time"
    if is_a.is_string(kind) or is_a.is_large_string(kind):
        return "text"
    return None if is_a.is_null(kind) else str(kind)


def in_nanoseconds(kind: pa.DataType) -> bool:
    """Return whether a type is that of times to the nanosecond, which engines read each in its own way."""
    import pyarrow.types as is_a

    return bool(is_a.is_timestamp(kind) and kind.unit == "ns")
