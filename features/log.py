"""The event log of some accounts, coded and sorted, as the compiled walk takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

Int = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Type = tuple[str, str | None, str | None]

LOG_COLUMNS = ("account_id", "at", "known_at", "stream", "kind", "value", "text", "contact_id", "role", "touchpoint")


@dataclass(frozen=True)
class EventLog:
    """Events sorted by account and time, as columns of equal length.

    `accounts` are the sorted account ids; account i owns the events from `offsets[i]` to `offsets[i + 1]`. `at` and
    `known_at` are microseconds since 1970 (UTC), with known_at >= at. `type` points into `types`, triples of stream,
    kind and role; `text`, `contact` and `touchpoint` are codes, -1 where there is none, and `texts` are what the first
    stand for; `value` is NaN where there is none. Events at one instant have one order too: that of when they were
    known, then of stream, kind, value and text; who it was and where makes no difference to any order.
    """

    accounts: tuple[str, ...]
    offsets: Int
    at: Int
    known_at: Int
    type: Codes
    types: tuple[Type, ...]
    value: npt.NDArray[np.float64]
    text: Codes
    texts: tuple[str, ...]
    contact: Codes
    touchpoint: Codes
    n_codes: int

    @property
    def account_codes(self) -> Int:
        """The account of each event, as a position in `accounts`."""
        return np.repeat(np.arange(len(self.accounts)), np.diff(self.offsets))

    def of_streams(self, streams: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which events belong to the streams."""
        wanted = np.array([stream in streams for stream, _, _ in self.types] or [False])
        return wanted[self.type] if len(self.type) else np.zeros(0, dtype=bool)


def log_rows(rows: ibis.Table, **given: Any) -> ibis.Table:
    """Project a relation onto LOG_COLUMNS: expressions by name, null for those that are not given.

    `known_at` is null where the event was known as soon as it happened.
    """
    import ibis

    types = {"at": "timestamp", "known_at": "timestamp", "value": "float64"}
    columns = {}
    for name in LOG_COLUMNS:
        kind = types.get(name, "string")
        columns[name] = given[name].cast(kind) if given.get(name) is not None else ibis.null(kind)
    projected: ibis.Table = rows.select(**columns)
    return projected


def to_log(events: pa.Table) -> EventLog:
    """Return events (columns as LOG_COLUMNS, in any order) as an EventLog."""
    owner, accounts = _coded(events["account_id"])
    stream, streams = _coded(events["stream"])
    kind, kinds = _coded(events["kind"])
    role, roles = _coded(events["role"])
    text, texts = _coded(events["text"])
    contact, contacts = _coded(events["contact_id"])
    touchpoint, touchpoints = _coded(events["touchpoint"])
    types, found = _types(stream, kind, role, (len(streams), len(kinds) + 1, len(roles) + 1))
    at = _microseconds(events["at"])
    known_at = at if events["known_at"].null_count == len(events) else _known(at, events["known_at"])
    value = _values(events["value"])
    offsets = np.r_[0, np.cumsum(np.bincount(owner, minlength=len(accounts)))]
    # The order of types without their roles: a role makes no difference to any order.
    what = (found // (len(roles) + 1)).astype(np.int32)
    order = _order(owner, offsets, at, known_at, types, what, value, text)
    names = [_type(int(each), streams, kinds, roles) for each in found]
    times = at[order]
    return EventLog(
        accounts=tuple(accounts),
        offsets=offsets,
        at=times,
        known_at=times if known_at is at else known_at[order],
        type=types[order],
        types=tuple(names),
        value=value[order],
        text=text[order] if texts else text,
        texts=tuple(texts),
        contact=contact[order] if contacts else contact,
        touchpoint=touchpoint[order] if touchpoints else touchpoint,
        n_codes=max(len(kinds), len(texts), len(contacts), len(touchpoints)),
    )


def _known(at: Int, known_at: pa.ChunkedArray) -> Int:
    """When each event was known: where the source says nothing, as soon as it happened."""
    return np.maximum(at, _microseconds(known_at))


def _coded(column: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    """The codes of a text column (-1 for null) and the sorted texts they stand for."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count == len(column):
        return np.full(len(column), -1, dtype=np.int32), []
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    coded = column.unify_dictionaries().combine_chunks()
    coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
    names = coded.dictionary.cast(pa.string())
    order = pc.sort_indices(names).to_numpy()
    rank = np.full(len(order) + 1, -1, dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    codes = coded.indices.fill_null(len(order)).to_numpy(zero_copy_only=False)
    return rank[codes], names.take(pa.array(order)).to_pylist()


@numba.njit(cache=True, nogil=True)
def _types(stream, kind, role, shape):
    """The code of each event's stream, kind and role among those that occur, and the place of each code in all."""
    n_streams, n_kinds, n_roles = shape
    codes = np.full(n_streams * n_kinds * n_roles, -1, np.int32)
    for i in range(len(stream)):
        codes[(stream[i] * n_kinds + kind[i] + 1) * n_roles + role[i] + 1] = 0
    found = np.flatnonzero(codes == 0)
    codes[found] = np.arange(len(found))
    types = np.empty(len(stream), np.int32)
    for i in range(len(stream)):
        types[i] = codes[(stream[i] * n_kinds + kind[i] + 1) * n_roles + role[i] + 1]
    return types, found


def _type(place: int, streams: list[str], kinds: list[str], roles: list[str]) -> Type:
    rest, role = divmod(place, len(roles) + 1)
    stream, kind = divmod(rest, len(kinds) + 1)
    return streams[stream], [None, *kinds][kind], [None, *roles][role]


def _microseconds(column: pa.ChunkedArray) -> Int:
    """Instants, the very first one where there is none."""
    import pyarrow as pa

    micros = column.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(np.iinfo(np.int64).min)
    return np.asarray(micros.to_numpy(zero_copy_only=False), dtype=np.int64)


def _values(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


@numba.njit(cache=True, nogil=True)
def _order(owner, offsets, at, known_at, types, what, value, text):
    """Positions of the events in the order of account, then time, then what else an aggregate can tell apart."""
    order, place = np.empty(len(owner), np.int64), offsets.copy()
    for i in range(len(owner)):
        order[place[owner[i]]] = i
        place[owner[i]] += 1
    for account in range(len(offsets) - 1):
        own = order[offsets[account] : offsets[account + 1]]
        # Sources mostly come in order of time, or nearly: then few events have to move.
        if not _insert(own, at, known_at, types, what, value, text, 4 * len(own)):
            own[:] = own[np.argsort(at[own], kind="mergesort")]
            _insert(own, at, known_at, types, what, value, text, len(own) ** 2)
    return order


@numba.njit(cache=True, nogil=True)
def _insert(own, at, known_at, types, what, value, text, most_moves):
    """Sort positions by insertion; return whether that took no more than so many moves."""
    moves = 0
    for i in range(1, len(own)):
        j, event = i, own[i]
        while j > 0:
            other = own[j - 1]
            later = _compare(at[other], at[event])
            later = later if later else _compare(known_at[other], known_at[event])
            later = later if later else _compare(what[types[other]], what[types[event]])
            later = later if later else _compare_values(value[other], value[event])
            later = later if later else _compare(text[other], text[event])
            if later <= 0:
                break
            own[j] = other
            j -= 1
        own[j] = event
        moves += i - j
        if moves > most_moves:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _compare(a, b):
    return int(a > b) - int(a < b)


@numba.njit(cache=True, nogil=True)
def _compare_values(a, b):
    """As `_compare`, no value before any."""
    if np.isnan(a) or np.isnan(b):
        return int(np.isnan(b)) - int(np.isnan(a)) if np.isnan(a) != np.isnan(b) else 0
    return int(a > b) - int(a < b)
