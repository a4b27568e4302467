"""The event log of some accounts, coded and sorted, as the compiled walk takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

Int = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Type = tuple[str, str | None, str | None]

# Events in no order are sorted by insertion over ever smaller gaps (Shell 1959; the gaps of Ciura 2001, and on).
GAPS = (1_147_718, 510_097, 226_710, 100_760, 44_782, 19_903, 8_845, 3_931, 1_747, 776, 345, 132, 57, 23, 10, 4, 1)

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

    def owners(self, events: Int) -> Int:
        """The accounts of some events, as positions in `accounts`."""
        return np.searchsorted(self.offsets, events, side="right") - 1

    def of_streams(self, streams: Sequence[str]) -> Int:
        """The places of the events of some streams, ascending."""
        wanted = np.array([stream in streams for stream, _, _ in self.types] or [False])
        return np.flatnonzero(wanted[self.type]) if len(self.type) else np.zeros(0, dtype=np.int64)


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


def no_log() -> EventLog:
    """Return the log of nobody."""
    import pyarrow as pa

    kinds = {"at": pa.timestamp("us"), "known_at": pa.timestamp("us"), "value": pa.float64()}
    return to_log(pa.schema([(name, kinds.get(name, pa.string())) for name in LOG_COLUMNS]).empty_table())


class Coded(NamedTuple):
    """Events in no order, as columns of equal length; the owner is a position in the sorted accounts.

    The rest is as in `EventLog`. `what` says of each type how its stream and kind rank among those of the others.
    """

    owner: Codes
    at: Int
    known_at: Int
    type: Codes
    value: npt.NDArray[np.float64]
    text: Codes
    contact: Codes
    touchpoint: Codes
    what: Codes


def to_log(events: pa.Table) -> EventLog:
    """Return events (columns as LOG_COLUMNS, in any order) as an EventLog."""
    owner, accounts = coded(events["account_id"])
    type_, types = coded_types(events["stream"], events["kind"], events["role"])
    text, texts = coded(events["text"])
    contact, contacts = coded(events["contact_id"])
    touchpoint, touchpoints = coded(events["touchpoint"])
    at = instants(events["at"])
    known_at = at if events["known_at"].null_count == len(events) else np.maximum(at, instants(events["known_at"]))
    found = Coded(owner, at, known_at, type_, numbers(events["value"]), text, contact, touchpoint, ranks(types))
    return in_order(found, accounts, types, texts, max(len(contacts), len(touchpoints)))


def in_order(
    found: Coded, accounts: Sequence[str], types: Sequence[Type], texts: Sequence[str], n_codes: int
) -> EventLog:
    """Return coded events as an EventLog; `n_codes` is above every code of a contact or a touchpoint."""
    offsets = np.r_[0, np.cumsum(np.bincount(found.owner, minlength=len(accounts)))]
    order = _order(found, offsets)
    at = found.at[order]
    return EventLog(
        accounts=tuple(accounts),
        offsets=offsets,
        at=at,
        known_at=at if found.known_at is found.at else found.known_at[order],
        type=found.type[order],
        types=tuple(types),
        value=found.value[order],
        text=found.text[order] if texts else found.text,
        texts=tuple(texts),
        contact=found.contact[order] if n_codes else found.contact,
        touchpoint=found.touchpoint[order] if n_codes else found.touchpoint,
        n_codes=max(n_codes, len(texts), len({kind for _, kind, _ in types})),
    )


def ranks(types: Sequence[Type]) -> Codes:
    """Return how the streams and kinds of some types rank: a role makes no difference to any order.

    >>> ranks([("nps", None, "Buyer"), ("case", "late", None), ("nps", None, None), ("nps", "q1", None)]).tolist()
    [1, 0, 1, 2]
    """
    what = [(stream, "" if kind is None else f" {kind}") for stream, kind, _ in types]
    place = {each: i for i, each in enumerate(sorted(set(what)))}
    return np.array([place[each] for each in what], dtype=np.int32)


def coded_types(stream: pa.ChunkedArray, kind: pa.ChunkedArray, role: pa.ChunkedArray) -> tuple[Codes, list[Type]]:
    """Return the code of each event's type, and the sorted types that occur."""
    codes, names = zip(*(coded(column) for column in (stream, kind, role)), strict=True)
    types, found = _types(*codes, tuple(len(each) + 1 for each in names))
    return types, [_type(int(each), *names) for each in found]


def coded(column: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    """Return the codes of a text column (-1 for null) and the sorted texts they stand for."""
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
        codes[((stream[i] + 1) * n_kinds + kind[i] + 1) * n_roles + role[i] + 1] = 0
    found = np.flatnonzero(codes == 0)
    codes[found] = np.arange(len(found))
    types = np.empty(len(stream), np.int32)
    for i in range(len(stream)):
        types[i] = codes[((stream[i] + 1) * n_kinds + kind[i] + 1) * n_roles + role[i] + 1]
    return types, found


def _type(place: int, streams: list[str], kinds: list[str], roles: list[str]) -> Type:
    rest, role = divmod(place, len(roles) + 1)
    stream, kind = divmod(rest, len(kinds) + 1)
    return ["", *streams][stream], [None, *kinds][kind], [None, *roles][role]


def instants(column: pa.ChunkedArray) -> Int:
    """Return times as microseconds, the very first one where there is none."""
    import pyarrow as pa

    micros = column.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(np.iinfo(np.int64).min)
    return np.asarray(micros.to_numpy(zero_copy_only=False), dtype=np.int64)


def numbers(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Return numbers, NaN where there is none."""
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


@numba.njit(cache=True, nogil=True)
def _order(found, offsets):
    """Positions of the events in the order of account, then time, then what else an aggregate can tell apart."""
    order, place = np.empty(len(found.owner), np.int64), offsets.copy()
    for i in range(len(found.owner)):
        order[place[found.owner[i]]] = i
        place[found.owner[i]] += 1
    for account in range(len(offsets) - 1):
        own = order[offsets[account] : offsets[account + 1]]
        # Sources mostly come in order of time, or nearly: then few events have to move.
        if not _insert(own, found, 1, 4 * len(own)):
            for gap in GAPS:
                _insert(own, found, gap, len(own) ** 2)
    return order


@numba.njit(cache=True, nogil=True)
def _insert(own, found, gap, most_moves):
    """Sort the positions that stand `gap` apart by insertion; return whether that took no more than so many moves."""
    moves = 0
    for i in range(gap, len(own)):
        j, event = i, own[i]
        while j >= gap and _is_later(found, own[j - gap], event):
            own[j] = own[j - gap]
            j -= gap
            moves += 1
        own[j] = event
        if moves > most_moves:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _is_later(found, one, other):
    """Whether one event comes after another in the log's order."""
    if found.at[one] != found.at[other]:
        return found.at[one] > found.at[other]
    if found.known_at[one] != found.known_at[other]:
        return found.known_at[one] > found.known_at[other]
    if found.what[found.type[one]] != found.what[found.type[other]]:
        return found.what[found.type[one]] > found.what[found.type[other]]
    value, than = found.value[one], found.value[other]
    # No value comes before any.
    if value != than and not (np.isnan(value) and np.isnan(than)):
        return value > than or np.isnan(than)
    return found.text[one] > found.text[other]
