"""What the benchmark of features asks of the project itself; each function runs in a process of its own.

Folders and files come as text, cutoffs as ISO dates in order. Folders to write to are there and empty.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.benchmarks.yardsticks.columns import HALF_LIFE, WINDOWS
from features.catalog import Feature, available
from features.checks import read_tables
from features.compute import Compute, Windowed
from features.inventory import inventory
from features.kept import kept_counts, refresh
from features.labels import ChurnDefinition
from features.mapping import Sources
from features.recipe import Recipe
from features.sources import Warehouse, open_table, open_warehouse
from features.streams import ACTIVITY
from features.tables import TABLES

CHURN = ChurnDefinition("subscription")
LONG_AGO = np.datetime64("2000-01-01", "us")


def write_43_columns(folder: str, cutoffs: Sequence[str], out: str) -> None:
    """Write the 43 columns of `yardsticks.columns` for every account of the folder at every cutoff.

    Parameters
    ----------
    folder
        has `accounts.parquet` and `events.parquet` (event_id, account_id, at, kind, value), see `feature_data`.
    cutoffs
        midnights, as dates.
    out
        where Parquet files go, in any number: account_id, as_of, and the columns by name, float32.
    """
    with open_warehouse(memory_limit="1GB", threads=2) as warehouse:
        sources = Sources(location=folder, tables=_mapping_of_events(Path(folder), warehouse.scratch))
        for name in sources.tables:
            open_table(warehouse, sources, name)
        recipe = Recipe(tuple(_feature(name, said) for name, said in _columns()), CHURN, _micros(cutoffs), 0)
        _link(refresh(warehouse, recipe, warehouse.scratch / "state").files, warehouse.scratch / "state", Path(out))


def _mapping_of_events(folder: Path, scratch: Path) -> dict[str, object]:
    """The events as activities, and for each account a subscription that runs all along: every one is at risk."""
    accounts = pq.ParquetFile(folder / "accounts.parquet").read(columns=["account_id"])["account_id"]
    started = pa.array(np.full(len(accounts), LONG_AGO))
    everyone = {"subscription_id": accounts, "account_id": accounts, "start_date": started}
    pq.write_table(pa.table(everyone), scratch / "subscriptions.parquet")
    columns = {"activity_id": "event_id", "occurred_at": "at", "event": "kind"}
    return {
        "accounts": {"source": "accounts.parquet", "ignore": ["*"]},
        "subscriptions": {"source": str(scratch / "subscriptions.parquet")},
        "activities": {"source": "events.parquet", "columns": columns},
    }


def _columns() -> Iterator[tuple[str, Compute]]:
    """The 43 columns, each a name and what it computes."""
    every = Windowed((ACTIVITY,), "count")
    for days in WINDOWS:
        yield f"events_{days}d", every.within(days)
        yield f"total_{days}d", Windowed((ACTIVITY,), "total", days)
        yield f"mean_{days}d", Windowed((ACTIVITY,), "mean", days)
        yield f"kinds_{days}d", Windowed((ACTIVITY,), "distinct_kinds", days)
        yield f"cases_{days}d", every.within(days).of_kind("case")
        yield f"usage_{days}d", Windowed((ACTIVITY,), "total", days, kind="usage")
        yield f"purchases_{days}d", Windowed((ACTIVITY,), "total", days, kind="purchase")
        yield f"largest_{days}d", Windowed((ACTIVITY,), "largest", days)
    yield "recency_days", Windowed((ACTIVITY,), "days_since_last")
    yield "trend", every.within(30) / every.within(180)
    yield "decayed_total", Windowed((ACTIVITY,), "decayed_total", parameter=HALF_LIFE)


def _feature(name: str, said: Compute) -> Feature:
    return Feature(name, "behaviour", "behaviour", "as given", name, compute=said)


def write_full_catalogue(folder: str, cutoffs: Sequence[str], out: str, state: str) -> int:
    """Write every feature of the catalogue for every customer at every cutoff; return how many features there are.

    Parameters
    ----------
    folder
        has a Parquet file, or a folder of such, for each table of the contract, see `feature_tables`.
    cutoffs, out
        as above; the columns are account_id, as_of, churned and the features.
    state
        a folder where the panel is kept: where it holds one, only what changed since then is computed.
    """
    with opened(Path(folder), Path(state) / "checked.json") as warehouse:
        return _refreshed(warehouse, cutoffs, Path(out), Path(state))


@contextmanager
def opened(folder: Path, kept: Path | None = None) -> Iterator[Warehouse]:
    """Yield the tables of a folder, read and checked."""
    with open_warehouse(memory_limit="2GB", threads=2) as warehouse:
        read_tables(warehouse, Sources(location=str(folder), tables=_mapping(folder)), kept)
        yield warehouse


def _mapping(folder: Path) -> dict[str, object]:
    tables = [path for path in sorted(folder.iterdir()) if path.suffix == ".parquet" or path.name in TABLES]
    return {path.stem: {"source": path.name} for path in tables}


def _refreshed(warehouse: Warehouse, cutoffs: Sequence[str], out: Path, state: Path) -> int:
    """Bring the kept panel up to date, and put its files where they are looked at."""
    features = available(inventory(warehouse, kept_counts(warehouse, state, threads=2)))
    recipe = Recipe(features, CHURN, _micros(cutoffs), _micros(cutoffs)[-1])
    _link(refresh(warehouse, recipe, state).files, state, out)
    return len(features)


def _link(files: Iterable[Path], state: Path, out: Path) -> None:
    for file in files:
        target = out / file.relative_to(state)
        target.parent.mkdir(exist_ok=True)
        target.unlink(missing_ok=True)
        os.link(file, target)


def online_times(folder: str, accounts: Sequence[str], cutoff: str) -> list[float]:
    """Return the milliseconds that the full catalogue took for each of the accounts, one by one, after one for warmth.

    Measured from an account's stored events to its finished features.
    """
    from features.events import event_log
    from features.log import to_log
    from features.online import OnlineFeatures

    with opened(Path(folder)) as warehouse:
        online = OnlineFeatures(available(inventory(warehouse)))
        every = event_log(warehouse)
        events = every.filter(every["account_id"].isin(accounts)).to_pyarrow()
    as_of, times = datetime.fromisoformat(cutoff), []
    logs = [to_log(events.filter(pa.compute.equal(events["account_id"], account))) for account in accounts]
    for log in [logs[0], *logs]:
        start = time.perf_counter()
        online.at(log, as_of)
        times.append((time.perf_counter() - start) * 1000)
    return times[1:]


def spark_rows(folder: str, cutoffs: Sequence[str], out: str, master: str) -> None:
    """Write what `write_full_catalogue` writes, computed on the Spark cluster behind the URL `master`."""
    from features.spark import open_spark
    from features.spark_panel import spark_rows as rows

    with open_spark(master) as warehouse:
        read_tables(warehouse, Sources(location=folder, tables=_mapping(Path(folder))))
        recipe = Recipe(available(inventory(warehouse)), CHURN, _micros(cutoffs), _micros(cutoffs)[-1])
        shutil.rmtree(out)
        rows(warehouse, recipe).write.parquet(out)


def _micros(cutoffs: Sequence[str]) -> tuple[int, ...]:
    return tuple(int(np.datetime64(cutoff, "us").astype(np.int64)) for cutoff in cutoffs)
