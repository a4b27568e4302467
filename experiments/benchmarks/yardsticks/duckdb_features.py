"""The 43 columns by hand in DuckDB: partial sums by account and stretch of time, then age bands, a query a cutoff.

Of the ways that were tried the leanest: one query for all cutoffs took as long, and more than twice the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from experiments.benchmarks.yardsticks.columns import COLUMNS, DAY, HALF_LIFE, WINDOWS, day_numbers, edges

PARTS = f"""
CREATE TABLE parts AS
WITH events AS (
    SELECT account_id, stretch, "at", kind, value, (ends * {DAY} - epoch_us("at")) / {HALF_LIFE * DAY} AS age
    FROM read_parquet(?) JOIN days ON epoch_us("at") // {DAY} = day
), sums AS (
    SELECT
        account_id, stretch,
        count(*)::INTEGER AS events, sum(value) AS total, count(value)::INTEGER AS known,
        count(*) FILTER (kind = 'case')::INTEGER AS cases,
        sum(value) FILTER (kind = 'usage') AS usage,
        sum(value) FILTER (kind = 'purchase') AS purchases,
        max(value) AS largest,
        bit_or(1::USMALLINT << (enum_code(kind::kinds)::USMALLINT)) AS kinds,
        sum(value * pow(2, -age)) AS decayed,
        max("at") AS latest
    FROM events GROUP BY account_id, stretch
)
SELECT account, sums.* EXCLUDE account_id FROM sums JOIN accounts USING (account_id)
"""  # noqa: S608
AGGREGATES = {
    "events": "sum",
    "total": "sum",
    "known": "sum",
    "cases": "sum",
    "usage": "sum",
    "purchases": "sum",
    "largest": "max",
    "kinds": "bit_or",
}


def write(folder: str, cutoffs: Sequence[str], out: str, memory_limit: str = "4GB") -> None:
    """Write the columns of every account at every cutoff, a file a cutoff."""
    days = day_numbers(cutoffs)
    with duckdb.connect() as engine:
        engine.execute(f"SET threads = 2; SET preserve_insertion_order = false; SET memory_limit = '{memory_limit}'")
        _prepare(engine, Path(folder), days)
        for day in days:
            engine.execute(f"COPY ({query(day)}) TO '{out}/{day}.parquet' (FORMAT parquet, COMPRESSION zstd)")


def _prepare(engine: duckdb.DuckDBPyConnection, folder: Path, days: list[int]) -> None:
    ends = np.array(edges(days))
    every = np.arange(ends[-1])
    stretch = np.searchsorted(ends, every, side="right")
    _table(engine, "days", {"day": every, "stretch": stretch.astype(np.int16), "ends": ends[stretch]})
    _table(engine, "bands", _bands(days, ends))
    kinds = engine.execute("SELECT DISTINCT kind FROM read_parquet(?)", [f"{folder}/events.parquet"]).fetchall()
    engine.execute(f"CREATE TYPE kinds AS ENUM ({', '.join(repr(kind) for (kind,) in kinds)})")
    numbered = "SELECT account_id, (row_number() OVER () - 1)::INTEGER AS account FROM read_parquet(?)"
    engine.execute(f"CREATE TABLE accounts AS {numbered}", [f"{folder}/accounts.parquet"])
    engine.execute(PARTS, [f"{folder}/events.parquet"])


def _table(engine: duckdb.DuckDBPyConnection, name: str, columns: dict[str, np.ndarray]) -> None:
    engine.register(f"{name}_given", pa.table(columns))
    engine.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}_given")  # noqa: S608


def _bands(days: list[int], ends: np.ndarray) -> dict[str, np.ndarray]:
    """For each cutoff and each stretch before it: the age band it falls in, and what its decayed sum has become."""
    day, stretch = (index.ravel() for index in np.meshgrid(days, np.arange(len(ends)), indexing="ij"))
    age = day - ends[stretch]
    band = np.searchsorted(WINDOWS, age, side="right").astype(np.int8)
    columns = {"day": day, "stretch": stretch.astype(np.int16), "band": band, "decay": 0.5 ** (age / HALF_LIFE)}
    return {name: column[age >= 0] for name, column in columns.items()}


def query(day: int) -> str:
    """Return the statement for the columns of a cutoff."""
    banded = [
        f"{how}({name}) FILTER (band = {band}) AS {name}_{band}"
        for band in range(len(WINDOWS))
        for name, how in AGGREGATES.items()
    ]
    columns = ", ".join(f"({value})::FLOAT AS {name}" for name, value in zip(COLUMNS, _columns(day), strict=True))
    return f"""
        WITH banded AS (
            SELECT account, {", ".join(banded)}, sum(decayed * decay) AS decayed, max(latest) AS latest
            FROM parts JOIN (FROM bands WHERE day = {day}) USING (stretch) GROUP BY account
        )
        SELECT account_id, make_timestamp({day * DAY}) AS as_of, {columns}
        FROM accounts LEFT JOIN banded USING (account)
    """  # noqa: S608


def _columns(day: int) -> Iterator[str]:
    for i in range(len(WINDOWS)):
        yield _added("events", i)
        yield _added("total", i)
        yield f"{_added('total', i)} / nullif({_added('known', i)}, 0)"
        yield f"bit_count({' | '.join(f'coalesce(kinds_{band}, 0)' for band in range(i + 1))})"
        yield from (_added(name, i) for name in ("cases", "usage", "purchases"))
        yield f"greatest({', '.join(f'largest_{band}' for band in range(i + 1))})"
    yield f"({day * DAY} - epoch_us(latest)) / {DAY}"
    yield f"{_added('events', 1)} / nullif({_added('events', 3)}, 0)"
    yield "coalesce(decayed, 0)"


def _added(name: str, window: int) -> str:
    return "(" + " + ".join(f"coalesce({name}_{band}, 0)" for band in range(window + 1)) + ")"
