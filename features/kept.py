"""The panel kept on disk: what was computed stays, and only the rows and columns that changed are computed again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from features.buckets import bucket_count, bucket_events, needed_events, no_events, of_accounts, write_buckets
from features.catalog import Feature, fingerprint
from features.digests import Digests, bucket_digests, write_digests
from features.panel_files import OBSERVED, Manifest, PanelFiles
from features.recipe import Recipe
from features.sources import Warehouse

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

Progress = Callable[[str], None]
# The modules whose code decides what a row is: a change there makes everything new.
CODE = ("aggregates", "walk", "log", "rules", "events", "relatives", "evaluate", "labels", "recipe", "digests", "kept")


@dataclass(frozen=True)
class Refreshed:
    """What a refresh came to: the files with the rows asked for, their number, and how much of it was computed."""

    files: tuple[Path, ...]
    n_rows: int
    n_rows_computed: int
    n_features_computed: int


@dataclass(frozen=True)
class _Change:
    """What is to be computed of one bucket.

    All accounts at `new_dates`; of `old_dates` those that the accounts `touched` name by the position of the first, and
    `features` of the others.
    """

    bucket: int
    now: Digests
    new_dates: tuple[int, ...]
    old_dates: tuple[int, ...]
    touched: dict[str, int]
    features: tuple[Feature, ...]

    @property
    def of_all(self) -> bool:
        """Whether every account's events are needed."""
        return bool(self.new_dates) or (bool(self.features) and bool(self.old_dates))


def refresh(
    warehouse: Warehouse, recipe: Recipe, folder: Path, *, threads: int = 2, progress: Progress | None = None
) -> Refreshed:
    """Bring the rows of the recipe's dates in a folder up to date with the warehouse's tables.

    A date that is new, an account of which anything counts differently before a date, and a feature that is declared
    anew are computed; all else stays, and is what a computation from nothing would give, to the last bit.

    Raises
    ------
    DataError
        when another run is at work in the folder.
    """
    files, key = PanelFiles(folder), _key(recipe)
    with files.alone(), TemporaryDirectory(dir=warehouse.scratch) as scratch:
        events = needed_events(warehouse, recipe)
        kept = files.manifest(key)
        n_buckets = kept.n_buckets if kept else bucket_count(events.count().to_pyarrow().as_py(), threads)
        kept = kept or Manifest(key, n_buckets)
        if progress:
            progress("panel: looking for what changed")
        write_digests(warehouse, recipe, n_buckets, Path(scratch) / "digests")
        prints = {feature.name: fingerprint(feature) for feature in recipe.features}
        digests = [bucket_digests(Path(scratch) / "digests", bucket, recipe) for bucket in range(n_buckets)]
        changes = [_change(files, bucket, now, recipe, kept, prints) for bucket, now in enumerate(digests)]
        of_bucket = _event_reader(warehouse, events, recipe, changes, Path(scratch) / "log")
        counts = _in_threads(lambda change: _apply(files, change, recipe, of_bucket), changes, threads, progress)
        files.write_manifest(replace(kept, dates=dict(kept.dates) | dict.fromkeys(recipe.cutoffs, prints)))
    n_features = len({feature.name for change in changes if change.old_dates for feature in change.features})
    return Refreshed(*_there(files, recipe, n_buckets), sum(counts), n_features)


def compute(
    warehouse: Warehouse, recipe: Recipe, folder: Path, *, threads: int = 2, progress: Progress | None = None
) -> Refreshed:
    """Compute the recipe's rows into a folder from nothing, with nothing kept to tell later what changed."""
    files = PanelFiles(folder)
    events = needed_events(warehouse, recipe)
    n_buckets = bucket_count(events.count().to_pyarrow().as_py(), threads)
    with TemporaryDirectory(dir=warehouse.scratch) as scratch, ThreadPoolExecutor(1) as aside:
        # The compiled code is loaded while the engine reads.
        aside.submit(recipe.rows, no_events())
        write_buckets(warehouse, events, recipe, n_buckets, Path(scratch) / "log")

        def write(bucket: int) -> int:
            return _write_dates(files, bucket, recipe, bucket_events(Path(scratch) / "log", bucket))

        counts = _in_threads(write, range(n_buckets), threads, progress)
    return Refreshed(*_there(files, recipe, n_buckets), sum(counts), 0)


def _in_threads(work: Callable[[Any], int], items: Sequence[Any], threads: int, tell: Progress | None) -> list[int]:
    """Do some work on each item, and tell how far it has come."""
    counts = []
    with ThreadPoolExecutor(threads) as pool:
        for count in pool.map(work, items):
            counts.append(count)
            if tell:
                tell(f"panel: part {len(counts)} of {len(items)}")
    return counts


def _key(recipe: Recipe) -> str:
    """What makes rows other than the events and the features: the churn definition, the code, the engine's hash."""
    here = Path(__file__).parent
    code = hashlib.sha256(b"".join((here / f"{name}.py").read_bytes() for name in CODE)).hexdigest()
    return f"{recipe.churn} {code[:16]} duckdb {version('duckdb')}"


def _change(
    files: PanelFiles, bucket: int, now: Digests, recipe: Recipe, kept: Manifest, prints: Mapping[str, str]
) -> _Change:
    """Return what is to be computed of a bucket, by the digests of now and of what is kept."""
    before = files.digests(bucket)
    old_dates = tuple(cutoff for cutoff in recipe.cutoffs if before and cutoff in before.cutoffs)
    old_dates = tuple(cutoff for cutoff in old_dates if cutoff in kept.dates)
    new_dates = tuple(cutoff for cutoff in recipe.cutoffs if cutoff not in old_dates)
    changed = [
        feature
        for feature in recipe.features
        if any(kept.dates[cutoff].get(feature.name) != prints[feature.name] for cutoff in old_dates)
    ]
    touched = _touched(now, before, old_dates) if before and old_dates else {}
    return _Change(bucket, now, new_dates, old_dates, touched, tuple(changed))


def _touched(now: Digests, before: Digests, dates: tuple[int, ...]) -> dict[str, int]:
    """The accounts whose digest differs, and the position of the first date at which it does; without rows it is 0."""
    accounts = sorted(set(now.accounts) | set(before.accounts))
    differs = now.at(accounts, dates) != before.at(accounts, dates)
    rows = np.flatnonzero(differs.any(axis=1))
    return {accounts[row]: int(differs[row].argmax()) for row in rows}


def _event_reader(
    warehouse: Warehouse, events: ibis.Table, recipe: Recipe, changes: list[_Change], folder: Path
) -> Callable[[_Change], pa.Table | None]:
    """Return a function that gives the events that a bucket's change needs; None where it needs none."""
    touched = [account for change in changes for account in change.touched]
    of_all = any(change.of_all for change in changes)
    if of_all or touched:
        needed = events if of_all else of_accounts(warehouse, events, touched)
        write_buckets(warehouse, needed, recipe, len(changes), folder)
    return lambda change: bucket_events(folder, change.bucket) if change.of_all or change.touched else None


def _apply(files: PanelFiles, change: _Change, recipe: Recipe, of_bucket: Callable[[_Change], pa.Table | None]) -> int:
    """Compute and keep what changed of one bucket; return how many rows were computed."""
    events = of_bucket(change)
    if events is None:
        return 0
    n = _write_old_dates(files, change, recipe, events)
    if change.new_dates:
        n += _write_dates(files, change.bucket, replace(recipe, cutoffs=change.new_dates), events)
    files.write_digests(change.bucket, change.now.over(files.digests(change.bucket)))
    return n


def _write_dates(files: PanelFiles, bucket: int, recipe: Recipe, events: pa.Table) -> int:
    """Compute all rows of a bucket at the recipe's dates, and keep them; return how many there are."""
    rows = recipe.rows(events)
    for date, part in _by_date(rows, recipe.cutoffs):
        files.write_rows(date, bucket, part)
    return int(rows.num_rows)


def _write_old_dates(files: PanelFiles, change: _Change, recipe: Recipe, events: pa.Table) -> int:
    """Put the touched rows, and the changed features of the others, into the files of old dates."""
    touched = _touched_rows(change, recipe, events)
    columns: dict[int, pa.Table] = {}
    if change.features and change.old_dates:
        others = replace(recipe, cutoffs=change.old_dates, features=change.features).rows(events)
        columns = dict(_by_date(others, change.old_dates))
    for i, date in enumerate(change.old_dates):
        gone = [account for account, since in change.touched.items() if since <= i]
        if gone or change.features:
            rows = _of(files.rows(date, change.bucket) or recipe.schema.empty_table(), gone, False)
            if change.features:
                rows = _with_columns(rows, _of(columns[date], gone, False), change.features)
            rows = _together([rows.select(recipe.schema.names), *touched.get(date, [])])
            files.write_rows(date, change.bucket, rows)
    n_others = sum(int(part.num_rows) for part in columns.values())
    return n_others + sum(int(part.num_rows) for parts in touched.values() for part in parts)


def _touched_rows(change: _Change, recipe: Recipe, events: pa.Table) -> dict[int, list[pa.Table]]:
    """The rows of the touched accounts by date: of each from the first date on at which anything counts differently."""
    found: dict[int, list[pa.Table]] = {}
    for since in sorted(set(change.touched.values())):
        dates = change.old_dates[since:]
        accounts = [account for account, first in change.touched.items() if first == since]
        rows = replace(recipe, cutoffs=dates).rows(_of(events, accounts, True))
        for date, part in _by_date(rows, dates):
            found.setdefault(date, []).append(part)
    return found


def _with_columns(rows: pa.Table, others: pa.Table, features: tuple[Feature, ...]) -> pa.Table:
    """The rows with some features' columns from the same rows in another table."""
    for feature in features:
        rows = rows.drop_columns([feature.name]) if feature.name in rows.column_names else rows
        rows = rows.append_column(feature.name, others[feature.name])
    return rows


def _together(parts: list[pa.Table]) -> pa.Table:
    """Rows of one date in order of account."""
    import pyarrow as pa

    return pa.concat_tables(parts).sort_by([("account_id", "ascending"), ("as_of", "ascending")])


def _of(table: pa.Table, accounts: Iterable[str], wanted: bool) -> pa.Table:
    """The rows of some accounts, or those of all others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = table["account_id"].cast(pa.string())
    is_in = pc.is_in(names, value_set=pa.array(sorted(accounts), pa.string()))
    return table.filter(is_in if wanted else pc.invert(is_in))


def _by_date(rows: pa.Table, dates: tuple[int, ...]) -> Iterable[tuple[int, pa.Table]]:
    """The rows of each date, in order of account."""
    import pyarrow as pa

    if dates == (OBSERVED,):
        return [(OBSERVED, rows)]
    as_of = rows["as_of"].cast(pa.int64()).to_numpy()
    return [(date, rows.take(pa.array(np.flatnonzero(as_of == date)))) for date in dates]


def _there(files: PanelFiles, recipe: Recipe, n_buckets: int) -> tuple[tuple[Path, ...], int]:
    """The files of the recipe's dates, and how many rows they hold."""
    import pyarrow.parquet as pq

    paths = [files.rows_path(cutoff, bucket) for cutoff in recipe.cutoffs for bucket in range(n_buckets)]
    paths = [path for path in paths if path.exists()]
    return tuple(paths), sum(pq.read_metadata(path).num_rows for path in paths)
