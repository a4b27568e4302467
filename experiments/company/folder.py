"""A simulated company as a folder of files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.company.messy import CSV_ENCODINGS
from experiments.company.simulation import created, simulated_rows, truth_with_effects


def write_company(
    folder: Path | str,
    n_accounts: int = 2000,
    *,
    years: int = 3,
    seed: int = 7,
    world: str = "default",
    strength: float = 1.0,
) -> Path:
    """Return the folder with one Parquet file a table and `truth.json`; the same seed gives the same bytes.

    Every file appears whole or not at all: all are written beside the folder first, then moved into it. Tables are
    written one after another and a part at a time: 100,000 accounts over three years (23 million rows) take less than
    2 GB of memory.
    """
    company = created(n_accounts, years, seed, world, strength)
    tables, truth = simulated_rows(company, seed, world)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as name:
        unfinished = Path(name)
        for table, rows in tables:
            if world == "messy" and table in CSV_ENCODINGS:
                rows.table().to_csv(unfinished / f"{table}.csv", index=False, encoding=CSV_ENCODINGS[table])
            else:
                _write_table(unfinished / f"{table}.parquet", rows.parts())
        whole = json.dumps(truth_with_effects(company, truth), indent=1)
        (unfinished / "truth.json").write_text(whole + "\n", encoding="utf-8")
        for file in sorted(unfinished.iterdir()):
            file.replace(target / file.name)
    return target


def _write_table(file: Path, parts: Iterator[pd.DataFrame]) -> None:
    """Write parts of one table as row groups; only times have statistics, by which readers skip row groups."""
    first = next(parts)
    schema = pa.Schema.from_pandas(first, preserve_index=False)
    times = list(first.columns[first.dtypes.map(pd.api.types.is_datetime64_dtype)])
    texts = [name for name in first.columns[1:] if name not in times]
    with pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=texts, write_statistics=times) as writer:
        writer.write_table(pa.Table.from_pandas(first, schema, preserve_index=False))
        for part in parts:
            writer.write_table(pa.Table.from_pandas(part, schema, preserve_index=False))
