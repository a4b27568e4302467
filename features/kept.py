"""The panel kept on disk: what was computed stays, and only the rows and columns that changed are computed again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.catalog import Feature, fingerprint
from features.kept_log import CodedLog, coded_log, forget_others, kept_parts
from features.log import EventLog, Int, no_log
from features.panel_files import DateFiles, Manifest, PanelFiles
from features.recipe import KEYS, Recipe
from features.touched import Dates, touched

if TYPE_CHECKING:
    import pyarrow as pa

    from features.inventory import Counts
    from features.warehouse import Warehouse

Progress = Callable[[str], None]
LOG = "log"
# A date of which more accounts than this share are stale is computed anew.
MOST_STALE = 0.5
# The modules whose code decides what a row is: a change there makes everything new.
CODE = ("aggregates", "walk", "log", "bucket_log", "evaluate", "labels", "recipe", "touched", "kept")


@dataclass(frozen=True)
class Refreshed:
    """What a refresh came to: the files with the rows asked for, their number, and how much of it was computed."""

    files: tuple[Path, ...]
    n_rows: int
    n_rows_computed: int
    n_features_computed: int


@dataclass(frozen=True)
class _Work:
    """What is to be computed: all rows of `new_dates`; of `old_dates` stale rows, and `features` of the others."""

    new_dates: tuple[int, ...]
    old_dates: tuple[int, ...]
    features: tuple[Feature, ...]

    @property
    def of_all(self) -> bool:
        """Whether every account's events are needed."""
        return bool(self.new_dates) or (bool(self.features) and bool(self.old_dates))


def kept_counts(warehouse: Warehouse, folder: Path, threads: int, progress: Progress | None = None) -> Counts:
    """Return how many events of each kind there are, coding what a refresh of the folder would code.

    Raises
    ------
    DataError
        when another run is at work in the folder.
    """
    with PanelFiles(folder).alone():
        return coded_log(warehouse, folder / LOG, threads, progress).counts


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
    files = PanelFiles(folder)
    with files.alone(), ThreadPoolExecutor(1) as aside:
        # The compiled code is loaded while the engine reads.
        aside.submit(recipe.rows, no_log())
        log = coded_log(warehouse, folder / LOG, threads, progress)
        kept = _brought_up(files, log, recipe, threads)
        prints = {feature.name: fingerprint(feature) for feature in recipe.features}
        work = _work(kept, recipe, prints)
        # Should this run not live to say what it did, nothing that it was about to write is relied on.
        files.write_manifest(replace(kept, dates=_unsure(kept, work)))
        counts = _in_threads(_applier(files, log, kept, work, recipe), range(log.n_buckets), threads, progress)
        done = {date: DateFiles(recipe.is_due(date), prints) for date in recipe.cutoffs}
        files.write_manifest(replace(kept, dates={**kept.dates, **done}))
        forget_others(folder / LOG, log.parts)
    n_features = len(work.features) if work.old_dates else 0
    return Refreshed(*_there(files, recipe, log.n_buckets), sum(counts), n_features)


def _in_threads(work: Callable[[int], Any], items: range, threads: int, tell: Progress | None = None) -> list[Any]:
    """Do some work on each item, and tell how far it has come."""
    found = []
    with ThreadPoolExecutor(threads) as pool:
        for each in pool.map(work, items):
            found.append(each)
            if tell:
                tell(f"panel: part {len(found)} of {len(items)}")
    return found


def _key(recipe: Recipe, log: CodedLog) -> str:
    """What makes rows other than the events and the features: the churn definition, the buckets, and the code."""
    here = Path(__file__).parent
    code = hashlib.sha256(b"".join((here / f"{name}.py").read_bytes() for name in CODE)).hexdigest()
    return f"{recipe.churn} {log.n_buckets} {code[:16]}"


def _brought_up(files: PanelFiles, log: CodedLog, recipe: Recipe, threads: int) -> Manifest:
    """What is kept, with the accounts that the log of now makes stale; a date of which most are is kept no longer."""
    kept, parts = files.manifest(_key(recipe, log)), tuple(part.folder.name for part in log.parts)
    before = None if kept is None else kept_parts(files.folder / LOG, kept.parts)
    if kept is None or before is None:
        return Manifest(_key(recipe, log), parts)
    gone = [part for part in before if part.folder.name not in parts]
    new = [part for part in log.parts if part.folder.name not in kept.parts]
    if not gone and not new:
        return kept
    dates = Dates(tuple(sorted(kept.dates)), tuple(kept.dates[date].is_due for date in sorted(kept.dates)))
    found = _in_threads(
        lambda bucket: touched(log, bucket, gone, new, recipe.churn, dates), range(log.n_buckets), threads
    )
    stale = {
        date: sorted(
            {*kept.dates[date].stale, *(code for each in found for code in each.accounts[each.at[:, i]].tolist())}
        )
        for i, date in enumerate(dates.cutoffs)
    }
    most = MOST_STALE * len(log.coder.accounts)
    now = {date: replace(kept.dates[date], stale=tuple(codes)) for date, codes in stale.items() if len(codes) <= most}
    return replace(kept, parts=parts, dates=now)


def _work(kept: Manifest, recipe: Recipe, prints: Mapping[str, str]) -> _Work:
    """What is to be computed for a recipe's dates."""
    old_dates = tuple(
        date for date in recipe.cutoffs if date in kept.dates and kept.dates[date].is_due == recipe.is_due(date)
    )
    changed = [
        feature
        for feature in recipe.features
        if any(kept.dates[date].features.get(feature.name) != prints[feature.name] for date in old_dates)
    ]
    new_dates = tuple(date for date in recipe.cutoffs if date not in old_dates)
    return _Work(new_dates, old_dates, tuple(changed))


def _unsure(kept: Manifest, work: _Work) -> dict[int, DateFiles]:
    """The dates whose files can be relied on while the work is being done, without the features that are written."""
    written = {feature.name for feature in work.features}
    sure = {date: said for date, said in kept.dates.items() if date not in work.new_dates}
    for date in work.old_dates:
        features = {name: said for name, said in sure[date].features.items() if name not in written}
        sure[date] = replace(sure[date], features=features)
    return sure


def _applier(files: PanelFiles, log: CodedLog, kept: Manifest, work: _Work, recipe: Recipe) -> Callable[[int], int]:
    """Return a function that computes and keeps what changed of a bucket, and says how many rows that was."""
    stale = {date: np.array(kept.dates[date].stale, dtype=np.int64) for date in work.old_dates}

    def apply(bucket: int) -> int:
        own = {date: codes[codes % log.n_buckets == bucket] for date, codes in stale.items()}
        n = 0
        if work.old_dates:
            n += _write_old_dates(files, log, bucket, work, recipe, own)
        if work.new_dates:
            n += _write_dates(files, bucket, replace(recipe, cutoffs=work.new_dates), log.events(log.columns(bucket)))
        return n

    return apply


def _write_dates(files: PanelFiles, bucket: int, recipe: Recipe, events: EventLog) -> int:
    """Compute all rows of a bucket at the recipe's dates, and keep them; return how many there are."""
    rows = recipe.rows(events)
    for date, part in _by_date(rows, recipe.cutoffs):
        files.write_rows(date, bucket, part)
    return int(rows.num_rows)


def _write_old_dates(
    files: PanelFiles, log: CodedLog, bucket: int, work: _Work, recipe: Recipe, stale: Mapping[int, Int]
) -> int:
    """Put stale accounts' rows, and the changed features of the others, into the files of old dates."""
    again = _stale_rows(log, bucket, recipe, stale)
    columns: dict[int, pa.Table] = {}
    if work.features:
        others = replace(recipe, cutoffs=work.old_dates, features=work.features).rows(log.events(log.columns(bucket)))
        columns = dict(_by_date(others, work.old_dates))
    for date in work.old_dates:
        names = [log.account_ids[code] for code in stale[date].tolist()]
        if names or work.features:
            rows = files.rows(date, bucket) or recipe.schema.empty_table()
            if work.features:
                rows = _with_columns(_without(rows, names), _without(columns[date], names), work.features)
            rows = _together(rows.select(recipe.schema.names), names, again.get(date, []))
            files.write_rows(date, bucket, rows)
    n_others = sum(int(part.num_rows) for part in columns.values())
    return n_others + sum(int(part.num_rows) for parts in again.values() for part in parts)


def _stale_rows(log: CodedLog, bucket: int, recipe: Recipe, stale: Mapping[int, Int]) -> dict[int, list[pa.Table]]:
    """The rows of stale accounts by date; accounts that are stale at the same dates are walked together."""
    codes = np.unique(np.concatenate([*stale.values(), np.zeros(0, dtype=np.int64)]))
    found: dict[int, list[pa.Table]] = {}
    if not len(codes):
        return found
    columns = log.columns(bucket, codes)
    at = np.stack([np.isin(codes, own) for own in stale.values()], axis=1)
    for pattern in np.unique(at, axis=0):
        dates = tuple(date for date, is_stale in zip(stale, pattern, strict=True) if is_stale)
        events = log.events(columns, codes[(at == pattern).all(axis=1)])
        for date, part in _by_date(replace(recipe, cutoffs=dates).rows(events), dates):
            found.setdefault(date, []).append(part)
    return found


def _with_columns(rows: pa.Table, others: pa.Table, features: tuple[Feature, ...]) -> pa.Table:
    """The rows with some features' columns from the same rows in another table."""
    for feature in features:
        rows = rows.drop_columns([feature.name]) if feature.name in rows.column_names else rows
        rows = rows.append_column(feature.name, others[feature.name])
    return rows


def _together(rows: pa.Table, gone: Sequence[str], again: list[pa.Table]) -> pa.Table:
    """Rows of one date, of some accounts those computed again, in order of account."""
    import pyarrow as pa
    import pyarrow.compute as pc

    every = pa.concat_tables([rows, *again])
    is_old = np.arange(every.num_rows) < rows.num_rows
    is_gone = pc.is_in(every["account_id"], value_set=pa.array(gone, pa.string())).to_numpy() & is_old
    # Sorted and picked in one: each column is copied once.
    order = pc.sort_indices(every.select(KEYS[:2]), [(name, "ascending") for name in KEYS[:2]]).to_numpy()
    return every.take(pa.array(order[~is_gone[order]]))


def _without(rows: pa.Table, accounts: Sequence[str]) -> pa.Table:
    """The rows of all other accounts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return rows.filter(pc.invert(pc.is_in(rows["account_id"], value_set=pa.array(accounts, pa.string()))))


def _by_date(rows: pa.Table, dates: tuple[int, ...]) -> Iterable[tuple[int, pa.Table]]:
    """The rows of each date, in order of account."""
    import pyarrow as pa

    if len(dates) == 1:
        return [(dates[0], rows)]
    bounds = np.searchsorted(rows["as_of"].cast(pa.int64()).to_numpy(), [*dates, dates[-1] + 1])
    return [(date, rows.slice(low, high - low)) for date, (low, high) in zip(dates, pairwise(bounds), strict=True)]


def _there(files: PanelFiles, recipe: Recipe, n_buckets: int) -> tuple[tuple[Path, ...], int]:
    """The files of the recipe's dates, and how many rows they hold."""
    import pyarrow.parquet as pq

    paths = [files.rows_path(cutoff, bucket) for cutoff in recipe.cutoffs for bucket in range(n_buckets)]
    paths = [path for path in paths if path.exists()]
    return tuple(paths), sum(pq.read_metadata(path).num_rows for path in paths)
