"""No features at all: every value of every table read once by DuckDB, the least that any build can take."""

from __future__ import annotations

from pathlib import Path

import duckdb


def scan(folder: str) -> int:
    """Return how many rows the tables in a folder have, having looked at every value."""
    rows = 0
    with duckdb.connect() as engine:
        engine.execute("SET threads = 2")
        for file in sorted(Path(folder).glob("*.parquet")):
            found = engine.execute("SELECT count(*), max(COLUMNS(*)) FROM read_parquet(?)", [str(file)]).fetchone()
            rows += int(found[0]) if found else 0
    return rows
