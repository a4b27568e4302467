"""The ledger of experiments: what was planned, assigned and read, a line each, in a file that only grows."""

from __future__ import annotations

import fcntl
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from features.errors import DataError, PerennialError

What = Literal["planned", "assigned", "read"]
START = "0" * 64
FOLDER, LEDGER = "experiments", "ledger.jsonl"
"""In the state folder."""


@dataclass(frozen=True)
class Entry:
    """One line: what was done, of which experiment, when, with which figures; and the digest of the line before."""

    number: int
    at: str
    what: What
    experiment: str
    said: dict[str, Any]
    previous: str

    @property
    def line(self) -> str:
        """The entry as it stands in the file."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, allow_nan=False)


def entries(path: Path) -> tuple[Entry, ...]:
    """Return the entries of a ledger, none where there is none yet.

    Raises
    ------
    DataError
        when a line was changed, taken out or put in: each holds the digest of the one before.
    """
    if not path.is_file():
        return ()
    return _checked(path.read_text("utf-8"), path)


def append(path: Path, what: What, experiment: str, said: dict[str, Any], *, at: str) -> Entry:
    """Write an entry at the end of a ledger and return it; whoever else writes waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        before = _checked(file.read(), path)
        entry = Entry(len(before), at, what, experiment, said, _digest(before[-1].line) if before else START)
        file.write(entry.line + "\n")
        file.flush()
    return entry


def _checked(text: str, path: Path) -> tuple[Entry, ...]:
    found: list[Entry] = []
    for number, line in enumerate(text.splitlines()):
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError):
            raise _changed(path, number) from None
        previous = _digest(found[-1].line) if found else START
        if entry.number != number or entry.previous != previous or entry.line != line:
            raise _changed(path, number)
        found.append(entry)
    return tuple(found)


def _changed(path: Path, number: int) -> PerennialError:
    expected = "lines as they were written, each after the one whose digest it holds"
    came = f"a ledger {path.name} that was changed at or before line {number + 1}"
    return DataError.of(came, expected, "restore the file from a copy; it is written by `perennial experiment` only")


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
