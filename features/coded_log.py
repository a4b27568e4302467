"""The event log as numbers on disk: coded part by part as the engine reads it, and read again bucket by bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import numpy.typing as npt

from features.coder import Coder, Columns
from features.streams import STREAMS

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

    from features.warehouse import Warehouse

PART = "part.json"
# So many events are held in memory at once by each thread, some 60 bytes each. When they are read they still have their
# texts: a quarter of them is coded at once, and makes one file with a record batch a bucket.
EVENTS_A_BUCKET = 2_000_000
ACCOUNT_CODES = "account_codes"


Counts = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class KeptPart:
    """A part of the log on disk.

    `stamps` say which source files its events are of, `beside` what else they depend on. `counts` are, by the code of a
    type: how many events there are, and how many of them with a value, a contact, a touchpoint.
    """

    folder: Path
    stamps: tuple[str, ...]
    beside: str
    counts: Counts = ()

    @property
    def files(self) -> list[Path]:
        """Its files, each with a record batch for every bucket."""
        return sorted(self.folder.glob("*.arrow"))

    def say(self, folder: Path) -> None:
        """Write what the part is into a folder."""
        said = {"stamps": self.stamps, "beside": self.beside, "counts": self.counts}
        (folder / PART).write_text(json.dumps(said), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> KeptPart:
        """Return the part that is kept in a folder."""
        said = json.loads((folder / PART).read_text("utf-8"))
        return cls(folder, tuple(said["stamps"]), said["beside"], tuple(map(tuple, said["counts"])))


def bucket_count(n_events: int, threads: int) -> int:
    """Return into how many parts a log is cut, by how many events a thread may hold.

    >>> bucket_count(1_000, threads=2), bucket_count(20_000_000, threads=2)
    (1, 10)
    """
    return 1 if n_events < EVENTS_A_BUCKET // 10 else max(threads, -(-n_events // EVENTS_A_BUCKET))


def write_events(
    warehouse: Warehouse, slices: Sequence[ibis.Table], coder: Coder, n_buckets: int, folder: Path, threads: int
) -> Counts:
    """Write events into a folder as the engine reads them; return their counts by type, as `KeptPart` has them.

    Slices are read side by side, since the engine gives the rows of one query to one reader.
    """
    queries = [_query(warehouse, events) for events in slices]

    def write(number: int) -> list[npt.NDArray[np.int64]]:
        counts = []
        for i, batch in enumerate(_batches(warehouse, queries[number])):
            columns = coder.columns(batch)
            _write_file(columns, n_buckets, folder / f"{number:04}-{i:04}.arrow")
            counts.append(_counts(columns))
        return counts

    engine_threads = 1 if len(queries) > 1 else threads
    with warehouse.threads(engine_threads), ThreadPoolExecutor(threads) as pool:
        counts = [count for each in pool.map(write, range(len(queries))) for count in each]
    total = np.zeros((len(coder.types), 4), dtype=np.int64)
    for count in counts:
        total[: len(count)] += count
    return tuple(map(tuple, total.tolist()))


def _query(warehouse: Warehouse, events: ibis.Table) -> str:
    """Events with the codes of their accounts, and hashes of contacts and touchpoints, in the engine's words."""
    log = warehouse.connection.compile(events)
    streams = ", ".join(f"'{name}'" for name in STREAMS)
    return f"""
        SELECT codes.code AS account, log."at", log.known_at, log.kind, log.role, log.value, log.text,
            TRY_CAST(log.stream AS ENUM({streams})) AS stream,
            CASE WHEN log.contact_id IS NOT NULL THEN hash(log.contact_id) END AS contact,
            CASE WHEN log.touchpoint IS NOT NULL THEN hash(log.touchpoint) END AS touchpoint
        FROM ({log}) AS log JOIN {ACCOUNT_CODES} AS codes ON log.account_id = codes.account_id"""  # noqa: S608


def _batches(warehouse: Warehouse, query: str) -> Iterator[pa.RecordBatch]:
    with warehouse.cursor() as cursor:
        yield from cursor.execute(query).to_arrow_reader(EVENTS_A_BUCKET // 4)


def _write_file(columns: Columns, n_buckets: int, path: Path) -> None:
    import pyarrow as pa

    order, bounds = _by_bucket(columns.account, n_buckets)
    there = {name: column[order] for name, column in columns._asdict().items() if column is not None}
    schema = pa.schema([(name, pa.from_numpy_dtype(column.dtype)) for name, column in there.items()])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for begin, end in pairwise(bounds.tolist()):
            writer.write_batch(
                pa.record_batch([pa.array(column[begin:end]) for column in there.values()], schema=schema)
            )


@numba.njit(cache=True, nogil=True)
def _by_bucket(account, n_buckets):
    """Positions of the events bucket by bucket, and where each bucket begins."""
    bounds = np.zeros(n_buckets + 1, np.int64)
    for code in account:
        bounds[code % n_buckets + 1] += 1
    bounds = np.cumsum(bounds)
    order, place = np.empty(len(account), np.int64), bounds[:-1].copy()
    for i in range(len(account)):
        bucket = account[i] % n_buckets
        order[place[bucket]] = i
        place[bucket] += 1
    return order, bounds


def _counts(columns: Columns) -> npt.NDArray[np.int64]:
    """How many events of each type there are, and how many of them with a value, a contact, a touchpoint."""
    n = int(columns.type.max()) + 1 if len(columns.type) else 0
    valued = None if columns.value is None else ~np.isnan(columns.value)
    known = [None if hashes is None else hashes != 0 for hashes in (columns.contact, columns.touchpoint)]
    counts: list[npt.NDArray[Any]] = [np.bincount(columns.type, minlength=n)]
    for own in (valued, *known):
        counts.append(np.zeros(n) if own is None else np.bincount(columns.type[own], minlength=n))
    return np.stack(counts, axis=1).astype(np.int64)


def bucket_columns(parts: Sequence[KeptPart], bucket: int, wanted: npt.NDArray[np.bool_] | None = None) -> Columns:
    """Return the events of one bucket, of the accounts `wanted` (by code) only, in the order in which they are kept."""
    pieces = [piece for part in parts for file in part.files if len((piece := _piece(file, bucket, wanted)).at)]
    if not pieces:
        return Columns(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int32))
    return Columns(*(_together(name, pieces) for name in Columns._fields))


def _piece(file: Path, bucket: int, wanted: npt.NDArray[np.bool_] | None) -> Columns:
    import pyarrow as pa

    with pa.memory_map(str(file)) as source:
        batch = pa.ipc.open_file(source).get_batch(bucket)
    columns = {name: batch[name].to_numpy() for name in batch.schema.names}
    if wanted is not None:
        own = np.flatnonzero(wanted[columns["account"]])
        columns = {name: column.take(own) for name, column in columns.items()}
    return Columns(**columns)


_ABSENT = {"value": (np.nan, np.float64), "text": (-1, np.int32), "contact": (0, np.int64), "touchpoint": (0, np.int64)}


def _together(name: str, pieces: Sequence[Columns]) -> Any:
    """One column of all pieces; None where none of them has it."""
    if all(getattr(piece, name) is None for piece in pieces):
        return None
    columns = []
    for piece in pieces:
        column = getattr(piece, name)
        if column is None:
            column = piece.at if name == "known_at" else np.full(len(piece.at), *_ABSENT[name])
        columns.append(column)
    return np.concatenate(columns)
