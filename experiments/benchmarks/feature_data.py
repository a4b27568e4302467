"""One log of seeded events in Parquet, as a daily export would leave it, kept in the system's temporary folder."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

SEED = 7
EVENTS_AN_ACCOUNT = 100
DAY = 86_400_000_000  # microseconds
FIRST, END = np.datetime64("2023-01-01", "D"), np.datetime64("2025-01-01", "D")
MONTHS = np.arange("2023-01", "2025-01", dtype="datetime64[M]")
CUTOFFS = MONTHS[12:].astype("datetime64[D]")

# What happens, its share of all events, and the typical size of its value (0: it has none).
KINDS: dict[str, tuple[float, float]] = {
    "login": (0.22, 0),
    "usage": (0.24, 30),
    "search": (0.12, 3),
    "report": (0.08, 0),
    "export": (0.06, 200),
    "share": (0.05, 0),
    "comment": (0.05, 12),
    "email": (0.05, 0),
    "call": (0.03, 9),
    "visit": (0.02, 45),
    "purchase": (0.05, 120),
    "case": (0.03, 4),
}
EMPTY_SHARE = 0.1  # of the values of kinds that have one

EVENTS = pa.schema(
    [
        ("event_id", pa.int64()),
        ("account_id", pa.string()),
        ("at", pa.timestamp("us")),
        ("kind", pa.string()),
        ("value", pa.float64()),
    ]
)


def event_folder(events: int, seed: int = SEED) -> Path:
    """Return a folder with `events.parquet` and `accounts.parquet`, written unless it is there."""
    return kept(f"events-{events}-{seed}", lambda folder: write_events(folder, events, seed), __file__)


def kept(name: str, write: Callable[[Path], None], *sources: str) -> Path:
    """Return a folder under the system's temporary one, written once; other source code makes another folder."""
    code = hashlib.sha256(b"".join(Path(source).read_bytes() for source in sources)).hexdigest()[:8]
    target = Path(tempfile.gettempdir()) / "perennial-benchmarks" / f"{name}-{code}"
    if not target.is_dir():
        unfinished = target.with_name(f".{target.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        write(unfinished)
        unfinished.rename(target)
    return target


def write_events(folder: Path, events: int, seed: int = SEED) -> None:
    """Write both files of the log; the same size and seed give the same bytes."""
    tickets = activity_tickets(accounts_of(events), seed)
    names = account_ids(np.arange(accounts_of(events)))
    pq.write_table(pa.table({"account_id": names}), folder / "accounts.parquet")
    with pq.ParquetWriter(folder / "events.parquet", EVENTS, compression="zstd") as writer:
        written = 0
        for month, count in monthly(events):
            rng = np.random.default_rng([seed, month])
            writer.write_table(_events(rng, month, written, names.take(pa.array(draw(rng, tickets, count)))))
            written += count


def accounts_of(events: int) -> int:
    """Return how many accounts a log has: they grow with the events.

    >>> accounts_of(20_000_000)
    200000
    """
    return max(1, events // EVENTS_AN_ACCOUNT)


def account_ids(numbers: NDArray[np.int64]) -> pa.Array:
    """Return the identifiers of accounts.

    >>> account_ids(np.array([0, 123])).to_pylist()
    ['A000000', 'A000123']
    """
    return pa.array([f"A{number:06d}" for number in numbers.tolist()])


def activity_tickets(accounts: int, seed: int) -> NDArray[np.int32]:
    """Return account numbers, each as often as the account is active: few do much, many do little."""
    activity = np.random.default_rng([seed, 1000]).lognormal(0.0, 1.2, accounts)
    shares = np.floor(activity / activity.sum() * accounts * 64).astype(np.int64)
    return np.repeat(np.arange(accounts, dtype=np.int32), np.maximum(shares, 1))


def draw(rng: np.random.Generator, tickets: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return the accounts of `count` events."""
    return tickets[rng.integers(0, len(tickets), count)]


def monthly(events: int) -> Iterator[tuple[int, int]]:
    """Yield every month's number and its share of the events.

    >>> sum(count for _, count in monthly(1000))
    1000
    """
    ends = np.append(MONTHS[1:].astype("datetime64[D]"), END)
    until = (ends - FIRST).astype(np.int64) * events // int((END - FIRST).astype(np.int64))
    yield from enumerate(np.diff(until, prepend=0).tolist())


def moments(rng: np.random.Generator, month: int, count: int) -> NDArray[np.int64]:
    """Return times in a month, in microseconds since 1970: days in order, times of day in none."""
    first = MONTHS[month].astype("datetime64[D]")
    days = int(((MONTHS[month] + 1).astype("datetime64[D]") - first).astype(np.int64))
    day = np.sort(rng.integers(0, days, count)) + first.astype(np.int64)
    return np.asarray(day * DAY + rng.integers(0, DAY, count))


def amounts(rng: np.random.Generator, typical: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values around what is typical, to the cent, NaN where nothing is typical and for one in ten."""
    values = np.round(typical * rng.lognormal(0.0, 0.8, len(typical)), 2)
    return np.where((typical == 0) | (rng.random(len(typical)) < EMPTY_SHARE), np.nan, values)


def _events(rng: np.random.Generator, month: int, written: int, accounts: pa.Array) -> pa.Table:
    count = len(accounts)
    shares, typical = np.array(list(KINDS.values())).T
    kind = rng.choice(len(KINDS), count, p=shares)
    return pa.table(
        {
            "event_id": np.arange(written, written + count),
            "account_id": accounts,
            "at": pa.array(moments(rng, month, count), pa.timestamp("us")),
            "kind": pa.array(list(KINDS)).take(pa.array(kind)),
            "value": pa.array(amounts(rng, typical[kind]), from_pandas=True),
        },
        schema=EVENTS,
    )
