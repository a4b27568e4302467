"""The coded log of a warehouse, kept in a folder: only what is of files that were not coded before is read."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.bucket_log import Ranked
from features.coded_log import ACCOUNT_CODES, KeptPart, bucket_columns, bucket_count, write_events
from features.coder import Coder, Columns
from features.events import RULES, LogPart, log_expression, log_parts
from features.log import EventLog, Int
from features.origin import digest
from features.parts import ROW_BITS
from features.readers import source_footers
from features.sources import open_files

if TYPE_CHECKING:
    import ibis

    from features.warehouse import Warehouse

Progress = Callable[[str], None]
LOG = "log.json"
# A table of more parts than this is coded anew as one: each part costs every reader the opening of its files.
MOST_PARTS = 100
# Tables of more rows than this are read in slices side by side, so many for each thread.
LEAST_SLICED, SLICES_A_THREAD = 1_000_000, 2
# The modules whose code decides what an event is: a change there makes every part anew.
CODE = (
    "tables", "mapping", "readers", "copies", "parts", "sources", "columns", "parsing", "streams", "rules", "events",
    "relatives", "log", "coder", "coded_log",
)  # fmt: skip


@dataclass(frozen=True)
class CodedLog:
    """Every event of a warehouse, in parts, each cut into the same buckets of accounts."""

    n_buckets: int
    coder: Coder
    parts: tuple[KeptPart, ...]

    @cached_property
    def ranked(self) -> Ranked:
        """What the codes stand for."""
        return Ranked.of(self.coder)

    @cached_property
    def account_ids(self) -> list[str]:
        """The ids of accounts by code."""
        return list(self.coder.accounts)

    @property
    def counts(self) -> list[dict[str, Any]]:
        """How many events of each stream, kind and role there are, as `inventory.event_counts` has it."""
        names = ("n", "valued", "by_contact", "at_touchpoint")
        total = np.zeros((len(self.coder.types), len(names)), dtype=np.int64)
        for part in self.parts:
            total[: len(part.counts)] += np.array(part.counts, dtype=np.int64).reshape(-1, len(names))
        return [
            {"stream": stream, "kind": kind, "role": role} | dict(zip(names, row, strict=True))
            for (stream, kind, role), row in zip(self.coder.types, total.tolist(), strict=True)
            if row[0]
        ]

    def columns(self, bucket: int, codes: Int | None = None) -> Columns:
        """Return the coded events of one bucket, or of some of its accounts."""
        return bucket_columns(self.parts, bucket, None if codes is None else self._are(codes))

    def events(self, columns: Columns, codes: Int | None = None) -> EventLog:
        """Return coded events as a log, of all their accounts or of some."""
        if codes is not None:
            own = np.flatnonzero(self._are(codes)[columns.account])
            some = {name: column.take(own) for name, column in columns._asdict().items() if column is not None}
            columns = Columns(**some)
        return self.ranked.log(columns)

    def _are(self, codes: Int) -> npt.NDArray[np.bool_]:
        wanted = np.zeros(len(self.coder.accounts), dtype=bool)
        wanted[codes] = True
        return wanted


def coded_log(warehouse: Warehouse, folder: Path, threads: int, progress: Progress | None = None) -> CodedLog:
    """Return the log of a warehouse's tables; what is not in the folder yet is coded and put there.

    What is no longer of use stays there until `forget_others`.
    """
    known = warehouse.logs.get(folder)
    if known is None or not all(part.folder.is_dir() for part in known.parts):
        known = warehouse.logs[folder] = _coded_log(warehouse, folder, threads, progress)
    return known


def _coded_log(warehouse: Warehouse, folder: Path, threads: int, progress: Progress | None) -> CodedLog:
    folder.mkdir(parents=True, exist_ok=True)
    coder, n_buckets = _kept(warehouse, folder, threads)
    kept = _kept_parts(folder)
    found: list[KeptPart] = []
    knows_codes = False
    for part in log_parts(warehouse.tables):
        stamps, beside = _stamps(warehouse, part), _beside(warehouse, part)
        own = _usable(kept.get(part.name, []), stamps, beside)
        missing = tuple(stamp for stamp in stamps if not any(stamp in each.stamps for each in own))
        if missing:
            if progress:
                progress(f"panel: reading {part.name}")
            if not knows_codes:
                _tell_account_codes(warehouse, coder)
                knows_codes = True
            made = KeptPart(folder / f"{part.name}-{digest([beside, missing])}", missing, beside)
            slices = [part.events(tables) for tables in _slices(warehouse, part, missing, SLICES_A_THREAD * threads)]
            own.append(_make(warehouse, made, slices, coder, n_buckets, threads))
        found += own
    return CodedLog(n_buckets, coder, tuple(found))


def forget_others(folder: Path, parts: Iterable[KeptPart]) -> None:
    """Remove all parts but these."""
    names = {part.folder.name for part in parts}
    for path in folder.iterdir():
        if path.is_dir() and path.name not in names:
            shutil.rmtree(path)


def _kept(warehouse: Warehouse, folder: Path, threads: int) -> tuple[Coder, int]:
    """The codes that were given out, and into how many buckets the parts are cut; from nothing after another code."""
    try:
        said = json.loads((folder / LOG).read_text("utf-8"))
        coder, key, n_buckets = Coder.read(folder), said["key"], int(said["n_buckets"])
    except (OSError, ValueError, KeyError, TypeError):
        key = None
    if key == _key():
        return coder, n_buckets
    shutil.rmtree(folder)
    folder.mkdir()
    n_buckets = bucket_count(_about(warehouse), threads)
    (folder / LOG).write_text(json.dumps({"key": _key(), "n_buckets": n_buckets}), encoding="utf-8")
    return Coder(), n_buckets


def _key() -> str:
    here = Path(__file__).parent
    code = hashlib.sha256(b"".join((here / f"{name}.py").read_bytes() for name in CODE)).hexdigest()
    return f"{code[:16]} duckdb {version('duckdb')}"


def _about(warehouse: Warehouse) -> int:
    """How many events the tables tell of at most."""
    return sum(_n_rows(warehouse, name) * len(RULES[name]) for name in RULES if name in warehouse.tables)


def _n_rows(warehouse: Warehouse, name: str, stamps: Sequence[str] | None = None) -> int:
    """How many rows the files of a table have, or some of them: they know it without being read."""
    origin = warehouse.origins[name]
    footers = source_footers(warehouse, origin.sources.location, origin.sources.tables[name])
    each = zip(origin.stamps, footers, strict=True)
    return sum(footer.n for stamp, footer in each if stamps is None or stamp in stamps)


def _tell_account_codes(warehouse: Warehouse, coder: Coder) -> None:
    """Give every account that is there a code, and let the engine know it."""
    import pyarrow as pa

    if "accounts" in warehouse.tables:
        ids = warehouse.tables["accounts"].select("account_id")
    else:
        ids = log_expression(warehouse.tables).select("account_id")
    names = ids.distinct().to_pyarrow()["account_id"].drop_null().to_pylist()
    codes = pa.table({"account_id": pa.array(names, pa.string()), "code": coder.account_codes(names)})
    warehouse.connection.create_table(ACCOUNT_CODES, codes, overwrite=True)


def kept_parts(folder: Path, names: Iterable[str]) -> list[KeptPart] | None:
    """Return parts by name; None where one of them is gone."""
    found = [_part(folder / name) for name in names]
    return None if None in found else [part for part in found if part]


def _kept_parts(folder: Path) -> dict[str, list[KeptPart]]:
    """The parts in a folder by the name of what they are of; what was left half-done or broke is removed."""
    parts: dict[str, list[KeptPart]] = {}
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        part = None if path.name.startswith(".") else _part(path)
        if part is None:
            shutil.rmtree(path)
        else:
            parts.setdefault(path.name.rpartition("-")[0], []).append(part)
    return parts


def _part(folder: Path) -> KeptPart | None:
    try:
        return KeptPart.read(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _usable(parts: Sequence[KeptPart], stamps: Sequence[str], beside: str) -> list[KeptPart]:
    """Those of some parts that are of files as they are now, each file once."""
    found: list[KeptPart] = []
    for part in sorted(parts, key=lambda part: -len(part.stamps)):
        is_new = not any(stamp in each.stamps for each in found for stamp in part.stamps)
        if part.beside == beside and is_new and set(part.stamps) <= set(stamps):
            found.append(part)
    return [] if len(found) > MOST_PARTS else found


def _stamps(warehouse: Warehouse, part: LogPart) -> tuple[str, ...]:
    stamps = warehouse.origins[part.table].stamps
    return stamps if part.is_by_row else (digest(stamps),)


def _beside(warehouse: Warehouse, part: LogPart) -> str:
    """A name for all that the events of a part depend on, but for the files of its table."""
    others = [warehouse.origins.get(name) for name in part.beside]
    return digest(
        [warehouse.origins[part.table].read_as, [other and (other.stamps, other.read_as) for other in others]]
    )


def _make(
    warehouse: Warehouse, part: KeptPart, slices: Sequence[ibis.Table], coder: Coder, n_buckets: int, threads: int
) -> KeptPart:
    """Code events into a part's folder, which appears when it is complete, after the codes that it uses."""
    staged = part.folder.with_name(f".{part.folder.name}")
    staged.mkdir()
    counts = write_events(warehouse, slices, coder, n_buckets, staged, threads)
    coder.write(part.folder.parent)
    made = replace(part, counts=counts)
    made.say(staged)
    staged.rename(part.folder)
    return made


def _slices(warehouse: Warehouse, part: LogPart, stamps: Sequence[str], n: int) -> list[Mapping[str, ibis.Table]]:
    """The tables, up to `n` times: each time with other rows of the part's own, of some files or of all."""
    origin, tables = warehouse.origins[part.table], warehouse.tables
    if not part.is_by_row:
        return [tables]
    files = tuple(path for path, stamp in zip(origin.paths, origin.stamps, strict=False) if stamp in stamps)
    is_all, is_large = len(stamps) == len(origin.stamps), _n_rows(warehouse, part.table, stamps) >= LEAST_SLICED

    def with_files(some: tuple[Path, ...]) -> dict[str, ibis.Table]:
        if origin.is_whole:
            return {**tables, part.table: open_files(warehouse, origin.sources, part.table, some)}
        # Rows were left out of the open table, which the files themselves know nothing of.
        rows, places = tables[part.table], [origin.paths.index(path) for path in some]
        return {**tables, part.table: rows.filter((rows["_row"] // (1 << ROW_BITS)).isin(places))}

    if is_large and len(files) > 1 and origin.is_whole:
        return [with_files(files[i::n]) for i in range(min(len(files), n))]
    some = tables if is_all else with_files(files)
    return [{**some, part.table: rows} for rows in _ranges(some[part.table], n)] if is_large else [some]


def _ranges(rows: ibis.Table, n: int) -> list[ibis.Table]:
    """The rows of a table in `n` ranges of their numbers."""
    span = rows.aggregate(first=rows["_row"].min(), last=rows["_row"].max()).to_pyarrow().to_pylist()[0]
    if span["first"] is None:
        return [rows]
    length = -(-(span["last"] + 1 - span["first"]) // n)
    firsts = range(span["first"], span["last"] + 1, length)
    return [rows.filter((rows["_row"] >= first) & (rows["_row"] < first + length)) for first in firsts]
