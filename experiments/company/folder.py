"""A simulated company as a folder of files."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.company.simulation import Company, simulate


def write_company(
    folder: Path | str, n_accounts: int = 2000, *, years: int = 3, seed: int = 7, world: str = "default"
) -> Path:
    """Return the folder with one Parquet file a table and `truth.json`; the same seed gives the same bytes.

    Every file appears whole or not at all: all are written beside the folder first, then moved into it.
    """
    company = simulate(n_accounts, years, seed, world)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as unfinished:
        _write_files(Path(unfinished), company)
        for file in sorted(Path(unfinished).iterdir()):
            file.replace(target / file.name)
    return target


def _write_files(folder: Path, company: Company) -> None:
    for name, table in company.tables.items():
        pq.write_table(
            pa.Table.from_pandas(table, preserve_index=False), folder / f"{name}.parquet", compression="zstd"
        )
    (folder / "truth.json").write_text(json.dumps(company.truth, indent=1) + "\n", encoding="utf-8")
