"""Texts as numbers that stay the same from run to run: accounts, types of events, and what texts say."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from features.log import Codes, Int, Type, coded, coded_types, instants, numbers

if TYPE_CHECKING:
    import pyarrow as pa

CODES = "codes.json"


class Columns(NamedTuple):
    """Coded events in no order; None for a column of which none of the events has anything.

    `account`, `type` and `text` are codes, `known_at` is None where all were known as they happened, `contact` and
    `touchpoint` are 64-bit hashes (0: none): that an account has two of one hash is rarer than a fault of the machine.
    """

    account: Codes
    at: Int
    type: Codes
    known_at: Int | None = None
    value: npt.NDArray[np.float64] | None = None
    text: Codes | None = None
    contact: Int | None = None
    touchpoint: Int | None = None


class Coder:
    """Codes in the order in which they were given out; none ever changes or goes.

    >>> coder = Coder()
    >>> coder.account_codes(["b", "a"]), coder.account_codes(["c", "a"])
    ([1, 0], [2, 0])
    """

    def __init__(self, accounts: Iterable[str] = (), types: Iterable[Type] = (), texts: Iterable[str] = ()) -> None:
        self.accounts: dict[str, int] = {name: code for code, name in enumerate(accounts)}
        self.types: dict[Type, int] = {type_: code for code, type_ in enumerate(types)}
        self.texts: dict[str, int] = {text: code for code, text in enumerate(texts)}
        self._lock, self._n_written = Lock(), self._n

    @property
    def _n(self) -> int:
        """How many codes were given out."""
        return len(self.accounts) + len(self.types) + len(self.texts)

    def account_codes(self, names: Iterable[str]) -> list[int]:
        """Return the codes of accounts; new ones are given out in the order of the names."""
        names = list(names)
        self._codes(self.accounts, sorted(name for name in names if name not in self.accounts))
        return [self.accounts[name] for name in names]

    def columns(self, events: pa.RecordBatch) -> Columns:
        """Return events (columns as LOG_COLUMNS, but accounts by code, contacts and touchpoints by hash) as numbers."""
        types, names = coded_types(*(_column(events, name) for name in ("stream", "kind", "role")))
        at, known_at = instants(_column(events, "at")), _there(events, "known_at")
        value, text = _there(events, "value"), _there(events, "text")
        return Columns(
            account=events["account"].to_numpy(),
            at=at,
            type=self._codes(self.types, names)[types],
            known_at=None if known_at is None else np.maximum(at, instants(known_at)),
            value=None if value is None else numbers(value),
            text=None if text is None else self._text_codes(text),
            contact=_hashes(_there(events, "contact")),
            touchpoint=_hashes(_there(events, "touchpoint")),
        )

    def _text_codes(self, column: pa.ChunkedArray) -> Codes:
        codes, texts = coded(column)
        # The last is for those without a text, whose code is -1.
        return np.append(self._codes(self.texts, texts), np.int32(-1))[codes]

    def _codes(self, codes: dict[Any, int], names: Iterable[Hashable]) -> Codes:
        with self._lock:
            return np.array([codes.setdefault(name, len(codes)) for name in names], dtype=np.int32)

    def write(self, folder: Path) -> None:
        """Keep the codes in the folder from which they were read, or in a new one."""
        if self._n_written == self._n and self._n:
            return
        self._n_written = self._n
        said = {"accounts": list(self.accounts), "types": list(self.types), "texts": list(self.texts)}
        staged = folder / f"{CODES}.staged"
        staged.write_text(json.dumps(said), encoding="utf-8")
        staged.replace(folder / CODES)

    @classmethod
    def read(cls, folder: Path) -> Coder:
        """Return what `write` kept; OSError or ValueError where there is nothing, or it is broken."""
        said = json.loads((folder / CODES).read_text("utf-8"))
        return cls(said["accounts"], [(stream, kind, role) for stream, kind, role in said["types"]], said["texts"])


def _column(events: pa.RecordBatch, name: str) -> pa.ChunkedArray:
    import pyarrow as pa

    return pa.chunked_array([events[name]])


def _there(events: pa.RecordBatch, name: str) -> pa.ChunkedArray | None:
    """A column, None where it holds nothing."""
    return None if events[name].null_count == len(events) else _column(events, name)


def _hashes(column: pa.ChunkedArray | None) -> Int | None:
    return None if column is None else column.fill_null(0).to_numpy().view(np.int64)
