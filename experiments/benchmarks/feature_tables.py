"""The same company in all tables of the input contract, so that every feature has something to compute from."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.benchmarks import feature_accounts, feature_data, feature_logs
from experiments.benchmarks.feature_accounts import (
    Firms,
    account_changes_table,
    accounts_table,
    contacts_table,
    firms,
    subscriptions_table,
)
from experiments.benchmarks.feature_data import CUTOFFS, DAY, SEED, accounts_of, kept, moments, monthly
from experiments.benchmarks.feature_logs import LOGS, PLACES, Log, happened

# A day that comes late: its events count at the last of the cutoffs, those of its stragglers at earlier ones too.
NEW_DAY = CUTOFFS[-1] - 1
STRAGGLERS, STRAGGLE_DAYS = 0.02, 60


def table_folder(events: int, seed: int = SEED) -> Path:
    """Return a folder with a Parquet file for each table, about `events` events in the log of all; and `day/`."""
    sources = [str(module.__file__) for module in (feature_accounts, feature_data, feature_logs)]
    return kept(f"tables-{events}-{seed}", lambda folder: write_tables(folder, events, seed), __file__, *sources)


def write_tables(folder: Path, events: int, seed: int = SEED) -> None:
    """Write every table, month by month, and under `day/` what one more day adds to each."""
    own = firms(accounts_of(events), seed)
    accounts = accounts_table(own, seed)
    standing = {
        "accounts": accounts,
        "account_changes": account_changes_table(accounts, own, seed),
        "contacts": contacts_table(own, seed),
        "subscriptions": subscriptions_table(own, seed),
        "touchpoints": pa.table({"touchpoint": PLACES, "name": [place.title() for place in PLACES]}),
    }
    for name, rows in standing.items():
        pq.write_table(rows, folder / f"{name}.parquet")
    for number, (log, share) in enumerate(LOGS):
        _write_log(folder, own, log, round(events * share), [seed, 3000 + number])
    _write_day(folder / "day", own, events, seed)


def _write_log(folder: Path, own: Firms, log: Log, rows: int, seed: list[int]) -> None:
    """Write the tables of one log, a row group a month, as they come."""
    with ExitStack() as files:
        writers: dict[str, pq.ParquetWriter] = {}
        for month, count in monthly(rows):
            rng = np.random.default_rng([*seed, month])
            for name, table in happened(rng, own, log, moments(rng, month, count), month).items():
                if name not in writers:
                    writer = pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd")
                    writers[name] = files.enter_context(writer)
                writers[name].write_table(table)


def _write_day(folder: Path, own: Firms, events: int, seed: int) -> None:
    folder.mkdir()
    days = int((feature_data.END - feature_data.FIRST).astype(np.int64))
    for number, (log, share) in enumerate(LOGS):
        rng = np.random.default_rng([seed, 4000 + number])
        count = max(1, round(events * share / days))
        at = int(NEW_DAY.astype(np.int64)) * DAY + rng.integers(0, DAY, count)
        at = at - np.where(rng.random(count) < STRAGGLERS, rng.integers(1, STRAGGLE_DAYS, count), 0) * DAY
        for name, rows in happened(rng, own, log, at, 99).items():
            pq.write_table(rows, folder / f"{name}.parquet")
