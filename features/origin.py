"""Where a table's rows are from, as stamps: equal stamps, equal rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from features.mapping import Sources


@dataclass(frozen=True)
class Origin:
    """What the rows of an open table come from.

    `paths` are the source's files (none of a database), `stamps` has one for each, `read_as` stands for all that is
    done to every row, and `is_whole` says whether none was left out.
    """

    sources: Sources
    paths: tuple[Path, ...]
    stamps: tuple[str, ...]
    read_as: str
    is_whole: bool = True

    @classmethod
    def of(cls, sources: Sources, name: str, paths: Sequence[Path]) -> Origin:
        """Return the origin of a table from some files; from a database it is never the same again."""
        stamps = tuple(_stamp(path) for path in paths) or (uuid4().hex,)
        return cls(sources, tuple(paths), stamps, digest(sources.tables[name].model_dump_json(exclude={"source"})))

    def beside(self, what: Any) -> Origin:
        """Return the origin of rows that something else has a say in too."""
        return replace(self, read_as=digest([self.read_as, what]))

    def without(self, rows: Any) -> Origin:
        """Return the origin of what is left without some rows, which are named."""
        return replace(self.beside(rows), is_whole=False)


def digest(said: Any) -> str:
    """Return a short name for what something says of itself.

    >>> digest(["a", 1])
    '1d80946614ee16af'
    """
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _stamp(path: Path) -> str:
    """A file's own: whoever writes it, in place or anew, changes its time of change, which nobody can set back."""
    said = path.stat()
    return digest([path.name, said.st_size, said.st_mtime_ns, said.st_ctime_ns, said.st_ino, said.st_dev])
