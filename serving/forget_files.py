"""One account erased from files: its rows of Parquet and CSV files, and its name in a release."""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from features.errors import DataError
from pipelines.release import checksums
from serving.export_csv import cell_text

ROWS_A_BATCH = 50_000
BY = "account"
"""What figures of single accounts are grouped by."""


def erase_rows(path: Path, account_id: str) -> int:
    """Write a Parquet or CSV file anew without an account's rows, and return how many there were.

    Of CSV, a row is the account's where a cell is its id, whatever the column is called.

    Raises
    ------
    DataError
        When it is neither, or cannot be read.
    """
    erase = {".parquet": _erase_parquet, ".csv": _erase_csv}.get(path.suffix.lower())
    if erase is None or not path.is_file():
        raise DataError.of(f"{path}", "a Parquet or CSV file", "erase the account from it by other means")
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.resolve().parent) as scratch:
        staged = Path(scratch) / path.name
        n = erase(path, staged, account_id)
        if n:
            staged.replace(path)
    return n


def _erase_parquet(path: Path, staged: Path, account_id: str) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    n = 0
    try:
        with pq.ParquetFile(path) as file:
            if "account_id" not in file.schema_arrow.names:
                return 0
            with pq.ParquetWriter(staged, file.schema_arrow) as writer:
                for batch in file.iter_batches(ROWS_A_BATCH):
                    ids = pc.cast(batch["account_id"], pa.string())
                    kept = batch.filter(pc.fill_null(pc.not_equal(ids, account_id), True))
                    n += len(batch) - len(kept)
                    writer.write_batch(kept)
    except pa.ArrowInvalid as problem:
        came = f"{path.name}, which cannot be read ({problem})"
        raise DataError.of(came, "Parquet", "erase the account from it by other means") from None
    return n


def _erase_csv(path: Path, staged: Path, account_id: str) -> int:
    names, n = {account_id, cell_text(account_id)}, 0
    with path.open(encoding="utf-8", newline="") as file, staged.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for row in csv.reader(file):
            if names.isdisjoint(row):
                writer.writerow(row)
            else:
                n += 1
    return n


def erase_from_release(folder: Path, account_id: str) -> int:
    """Take an account out of a release; return from how many files.

    It may be typical of a segment, or a key account whose score is told. The manifest gets the checksums of what is
    there then.
    """
    changed = [path for path in sorted((folder / "segments").glob("*.json")) if _erase_typical(path, account_id)]
    changed += [path for path in [folder / "experience.json"] if path.is_file() and _erase_figures(path, account_id)]
    if changed:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        _replace(folder / "manifest.json", manifest | {"files": checksums(folder)})
    return len(changed)


def _erase_typical(path: Path, account_id: str) -> bool:
    said = json.loads(path.read_text("utf-8"))
    portrait = said.get("portrait") if isinstance(said, dict) else None
    profiles = (portrait or {}).get("profiles", [])
    typical = [profile for profile in profiles if account_id in profile["typical"]]
    for profile in typical:
        profile["typical"] = [name for name in profile["typical"] if name != account_id]
    if typical:
        _replace(path, said)
    return bool(typical)


def _erase_figures(path: Path, account_id: str) -> bool:
    """Figures of one account: by what they are grouped ends with `account`, and the group with its id."""
    said = json.loads(path.read_text("utf-8"))
    kept = [one for one in said["found"] if not (_ends(one["group_by"], BY) and _ends(one["group"], account_id))]
    if is_changed := len(kept) < len(said["found"]):
        _replace(path, said | {"found": kept})
    return is_changed


def _ends(names: str, last: str) -> bool:
    return f" / {names}".endswith(f" / {last}")


def _replace(path: Path, said: Any) -> None:
    staged = path.with_suffix(".staged")
    staged.write_text(json.dumps(said, indent=1, allow_nan=False, ensure_ascii=False), encoding="utf-8")
    staged.replace(path)


def files_naming(folder: Path, account_id: str) -> Iterator[Path]:
    """Yield the files below a folder whose bytes have the id, not as a part of a longer one.

    In JSON an id may be written in ASCII: that is found too. What is compressed is not.
    """
    forms = {account_id, json.dumps(account_id)[1:-1]}
    word = b"|".join(re.escape(form.encode()) for form in forms)
    naming = re.compile(rb"(?<![A-Za-z0-9_.-])(?:" + word + rb")(?![A-Za-z0-9_-])")
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        if naming.search(path.read_bytes()):
            yield path
