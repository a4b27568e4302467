"""A look at a file, or at a folder of files that may be one table: its header and first rows."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from features.errors import ConfigError
from features.mapping import TableMapping
from features.readers import PARQUET, source_files

SAMPLE_ROWS = 2000
SAMPLE_BYTES = 1 << 20
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Look:
    """What a look at a file, or a folder of them, shows: columns, some values of each, and how its text is written."""

    path: Path
    columns: dict[str, list[str]]
    encoding: str = "utf-8"
    delimiter: str = ","
    n_files: int = 1

    @property
    def source(self) -> str:
        """What a mapping calls it."""
        return named(self.path)


def named(path: Path) -> str:
    """Return what a mapping calls a file, or a folder."""
    return f"{path.name}/" if path.is_dir() else path.name


def look_at_folder(folder: Path) -> Look:
    """Return what the files of a folder hold, from some rows of each.

    Raises
    ------
    ConfigError
        when they are of different kinds, or have different columns.
    """
    files = source_files(str(folder.parent), TableMapping(source=folder.name))
    looks = [(path, look(path, max(1, SAMPLE_ROWS // len(files)))) for path in files if path.stat().st_size]
    if not looks:
        raise ConfigError.of("empty files only", "a header and rows", "export them again or take them away")
    first_path, first = looks[0]
    values: dict[str, list[str]] = defaultdict(list)
    for path, seen in looks:
        if (set(seen.columns), seen.delimiter) != (set(first.columns), first.delimiter):
            came = f"{first_path.name} and {path.name} with different columns"
            raise ConfigError.of(came, "the same in all", "give each table a folder")
        for name, some in seen.columns.items():
            values[name] += some
    encoding = _common([(path, seen.encoding) for path, seen in looks])
    return Look(folder, {name: values[name] for name in first.columns}, encoding, first.delimiter, len(files))


def _common(encodings: Sequence[tuple[Path, str]]) -> str:
    """The encoding of all files; one without accents is written alike in most."""
    found = sorted({encoding for _, encoding in encodings} - {"utf-8"})
    if not found:
        return "utf-8"
    other = next((path for path, each in encodings if each != found[0] and not _is_plain(path, found[0])), None)
    if other:
        raise ConfigError.of(f"{other.name}, which is not {found[0]} as others are", "one encoding", "export it alike")
    return found[0]


def _is_plain(path: Path, encoding: str) -> bool:
    return encoding != "utf-16" and path.read_bytes().isascii()


def look(path: Path, n_rows: int = SAMPLE_ROWS) -> Look:
    """Return what a file holds, from its first rows."""
    if path.suffix.lower() in PARQUET:
        return _look_at_parquet(path, n_rows)
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        head = file.read(SAMPLE_BYTES)
    if not head.strip():
        raise ConfigError.of(f"an empty file {path.name}", "a header and rows", "export it again or take it away")
    lines = head.lstrip("\r\n").splitlines()[: n_rows + 1]
    csv.field_size_limit(SAMPLE_BYTES)
    delimiter = max(DELIMITERS, key=lambda mark: len(next(csv.reader([lines[0]], delimiter=mark))))
    rows = list(csv.reader(lines, delimiter=delimiter))
    body = [row for row in rows[1:] if len(row) == len(rows[0])]
    columns = {name.strip(): [row[i] for row in body if row[i].strip()] for i, name in enumerate(rows[0])}
    return Look(path, columns, "utf-8" if encoding == "utf-8-sig" else encoding, delimiter)


def _look_at_parquet(path: Path, n_rows: int) -> Look:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    batch = next(file.iter_batches(batch_size=n_rows), None)
    sample = {} if batch is None else batch.to_pydict()
    names = file.schema_arrow.names
    return Look(path, {name: [str(value) for value in sample.get(name, []) if value is not None] for name in names})


def _encoding(path: Path) -> str:
    """UTF-8 where the whole file is, UTF-16 by its mark, else Western European."""
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
    try:
        with path.open(encoding="utf-8-sig") as file:
            while file.read(SAMPLE_BYTES):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"
